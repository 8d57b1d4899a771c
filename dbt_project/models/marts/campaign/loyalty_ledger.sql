-- Points of an unknown contact stay stored and stand in no ledger.
with entries as (
    select
        users.user_id,
        {{ month_of(local_day('points.occurred_at')) }} as month,
        points.points,
        case
            when points.reason = 'expire' then 'expired'
            when points.reason = 'redeem' or (points.reason = 'adjust' and points.points < 0) then 'spent'
            else 'earned'
        end as move
    from {{ ref('stg_points') }} as points
    inner join {{ ref('map_contact_user') }} as users on points.contact_id = users.contact_id
    where {{ local_day('points.occurred_at') }} <= {{ business_date() }}
),

months as (
    select
        user_id,
        month,
        cast(coalesce(sum(points) filter (where move = 'earned'), 0) as bigint) as earned,
        cast(coalesce(-sum(points) filter (where move = 'spent'), 0) as bigint) as spent,
        cast(coalesce(-sum(points) filter (where move = 'expired'), 0) as bigint) as expired
    from entries
    group by user_id, month
),

balanced as (
    select
        *,
        cast(sum(earned - spent - expired) over (partition by user_id order by month) as bigint) as closing
    from months
),

final as (
    select user_id, month, closing - (earned - spent - expired) as opening, earned, spent, expired, closing
    from balanced
)

select * from final
