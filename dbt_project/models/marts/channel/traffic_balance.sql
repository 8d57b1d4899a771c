with channel_months as (
    select
        users.acquired_month as month,
        coalesce(users.acquired_channel_code, 'unknown') as channel_code,
        coalesce(bool_or(channels.is_paid), false) as is_paid,
        count(*) as users
    from {{ ref('int_users_acquired') }} as users
    left join {{ ref('stg_channels') }} as channels on users.acquired_channel_code = channels.channel_code
    where users.acquired_day <= {{ business_date() }}
    group by users.acquired_month, coalesce(users.acquired_channel_code, 'unknown')
),

ranked as (
    select
        *,
        row_number() over (partition by month order by users desc, {{ by_bytes('channel_code') }}) as place
    from channel_months
),

months as (
    select
        month,
        cast(sum(users) as bigint) as users,
        cast(coalesce(sum(users) filter (where not is_paid), 0) as bigint) as natural_users,
        cast(coalesce(sum(users) filter (where is_paid), 0) as bigint) as paid_users,
        max(channel_code) filter (where place = 1) as top_channel_code,
        max(users) as top_users,
        sum(users * users) as squares
    from ranked
    group by month
),

final as (
    select
        month,
        natural_users,
        paid_users,
        {{ ratio('natural_users', 'paid_users') }} as natural_to_paid,
        case
            when paid_users > 0 then natural_users >= 0.8 * paid_users and natural_users <= 1.25 * paid_users
        end as is_healthy,
        top_channel_code,
        {{ ratio('top_users', 'users') }} as top_share,
        {{ ratio('squares', 'users * users') }} as hhi,
        top_users * 2 > users as is_single_source
    from months
)

select * from final
