{% set days = 90 %}
{% set last_day = business_date() %}
with mature_users as (

    select
        coalesce(users.acquired_channel_code, 'unknown') as channel_code,
        count(*) as users,
        avg(coalesce(money.margin_{{ days }}, 0)) as mean,
        var_samp(coalesce(money.margin_{{ days }}, 0)) as variance
    from {{ ref('int_users_acquired') }} as users
    left join {{ ref('int_user_early_money') }} as money on users.user_id = money.user_id
    where {{ last_day }} - users.acquired_day >= {{ days }}
    group by 1

),

-- A month is mature so many days after its last day, with or without users: cost that bought nobody counts.
costs as (

    select
        acquired_channel_code as channel_code,
        sum(cost) as cost,
        {{ ratio('sum(cost) filter (where is_over)', 'sum(users) filter (where is_over)') }} as cac
    from (
        select
            *,
            {{ last_day }} - (cast(acquired_month + interval '1 month' as date) - 1) >= {{ days }} as is_over
        from {{ ref('channel_performance') }}
    ) as months
    group by acquired_channel_code

),

channels as (

    select channel_code from {{ ref('stg_channels') }}
    union
    select channel_code from costs

),

figures as (

    select
        channels.channel_code,
        coalesce(listed.pricing_model = 'free', coalesce(costs.cost, 0) = 0) as is_free,
        coalesce(mature_users.users, 0) as users,
        mature_users.mean,
        cast({{ var('confidence_z') }} as numeric) ^ 2 * mature_users.variance as spread,
        costs.cac
    from channels
    left join {{ ref('stg_channels') }} as listed on channels.channel_code = listed.channel_code
    left join costs on channels.channel_code = costs.channel_code
    left join mature_users on channels.channel_code = mature_users.channel_code

),

bounded as (

    select
        *,
        trim_scale(mean - sqrt(spread / nullif(users, 0))) as margin_low,
        trim_scale(mean + sqrt(spread / nullif(users, 0))) as margin_high
    from figures

)

select
    channel_code,
    case
        when is_free then 'keep'
        when margin_low > cac then 'scale'
        when margin_high < cac then 'cut'
        else 'test'
    end as verdict,
    margin_low,
    margin_high,
    cac,
    users,
    case
        when spread is not null and mean <> cac then greatest(ceil(spread / (mean - cac) ^ 2) - users, 0)
    cast(end as bigint) as users_still_needed
from bounded
