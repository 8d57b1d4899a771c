{{ config(
    materialized='incremental', incremental_strategy='replace', on_schema_change='fail',
    replaced=rows_of_touched_users()
) }}
with entries as (

    select
        users.user_id,
        date_trunc('month', {{ local_day('points.occurred_at') }})::date as month,
        points.points::bigint as points,
        case
            when points.reason = 'expire' then 'expired'
            when points.reason = 'redeem' or (points.reason = 'adjust' and points.points < 0) then 'spent'
            else 'earned'
        end as move
    from {{ ref('stg_points') }} as points
    inner join {{ ref('map_contact_user') }} as users on points.contact_id = users.contact_id
    where {{ local_day('points.occurred_at') }} <= {{ business_date() }} and {{ touched('users.user_id') }}

),

months as (

    select
        user_id,
        month,
        coalesce(sum(points) filter (where move = 'earned'), 0)::bigint as earned,
        coalesce(-sum(points) filter (where move = 'spent'), 0)::bigint as spent,
        coalesce(-sum(points) filter (where move = 'expired'), 0)::bigint as expired
    from entries
    group by user_id, month

),

balanced as (

    select
        *,
        (sum(earned - spent - expired) over (partition by user_id order by month))::bigint as closing
    from months

)

select
    user_id,
    month,
    closing - (earned - spent - expired) as opening,
    earned,
    spent,
    expired,
    closing
from balanced
