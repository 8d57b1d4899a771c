with channel_months as (

    select
        users.acquired_month as month,
        coalesce(users.acquired_channel_code, 'unknown') as channel_code,
        coalesce(bool_or(channels.is_paid), false) as is_paid,
        count(*) as users
    from {{ ref('int_users_acquired') }} as users
    left join {{ ref('stg_channels') }} as channels on users.acquired_channel_code = channels.channel_code
    where users.acquired_day <= {{ business_date() }}
    group by 1, 2

),

shares as (

    select
        *,
        {{ ratio('users', 'sum(users) over (partition by month)') }} as share
    from channel_months

),

months as (

    select
        month,
        cast(coalesce(sum(users) filter (where not is_paid), 0) as bigint) as natural_users,
        cast(coalesce(sum(users) filter (where is_paid), 0) as bigint) as paid_users,
        (array_agg(channel_code order by users desc, {{ by_bytes('channel_code') }}))[1] as top_channel_code,
        max(share) as top_share,
        {{ ratio('sum(users * users)', 'sum(users) * sum(users)') }} as hhi
    from shares
    group by month

),

balanced as (

    select
        *,
        {{ ratio('natural_users', 'paid_users') }} as natural_to_paid
    from months

)

select
    month,
    natural_users,
    paid_users,
    natural_to_paid,
    natural_to_paid between 0.8 and 1.25 as is_healthy,
    top_channel_code,
    top_share,
    hhi,
    top_share > 0.5 as is_single_source
from balanced
