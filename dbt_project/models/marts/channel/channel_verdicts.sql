-- Sums are exact; only their quotients and roots are doubles. With n users, S1 the sum of their margins and S2 that of
-- the squares, spread = (n S2 − S1²) ÷ (n − 1) is n times the sample variance, so an end of the interval is
-- mean ± z √spread ÷ n.
{% set days = 90 %}
{% set last_day = business_date() %}
{% set z = var('confidence_z') %}
with mature_users as (
    select
        coalesce(users.acquired_channel_code, 'unknown') as channel_code,
        coalesce(money.margin_{{ days }}, 0) as margin
    from {{ ref('int_users_acquired') }} as users
    left join {{ ref('int_user_early_money') }} as money on users.user_id = money.user_id
    where {{ days_between(last_day, 'users.acquired_day') }} >= {{ days }}
),

margins as (
    select channel_code, count(*) as users, sum(margin) as margin, sum(margin * margin) as squares
    from mature_users
    group by channel_code
),

-- A month is mature so many days after its last day, with or without users: cost that bought nobody counts.
months as (
    select
        acquired_channel_code as channel_code, cost, users,
        {{ days_between(last_day, add_days(add_months('acquired_month', 1), -1)) }} >= {{ days }} as is_over
    from {{ ref('channel_performance') }}
),

costs as (
    select
        channel_code,
        sum(cost) as cost,
        sum(cost) filter (where is_over) as mature_cost,
        sum(users) filter (where is_over) as mature_users
    from months
    group by channel_code
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
        coalesce(margins.users, 0) as users,
        {{ ratio('costs.mature_cost', 'costs.mature_users') }} as cac,
        {{ quotient('costs.mature_cost', 'costs.mature_users') }} as exact_cac,
        {{ quotient('margins.margin', 'margins.users') }} as mean,
        {{ quotient(
            'margins.users * margins.squares - margins.margin * margins.margin', 'margins.users - 1'
        ) }} as spread,
        cast(costs.mature_users as {{ type_double() }}) as mature_users,
        cast(margins.margin * costs.mature_users - costs.mature_cost * margins.users as {{ type_double() }}) as gap
    from channels
    left join {{ ref('stg_channels') }} as listed on channels.channel_code = listed.channel_code
    left join costs on channels.channel_code = costs.channel_code
    left join margins on channels.channel_code = margins.channel_code
),

bounded as (
    select
        *,
        mean - {{ z }} * {{ quotient('sqrt(spread)', 'users') }} as margin_low,
        mean + {{ z }} * {{ quotient('sqrt(spread)', 'users') }} as margin_high
    from figures
),

final as (
    select
        channel_code,
        case
            when is_free then 'keep'
            when margin_low > exact_cac then 'scale'
            when margin_high < exact_cac then 'cut'
            else 'test'
        end as verdict,
        {{ six_places('margin_low') }} as margin_low,
        {{ six_places('margin_high') }} as margin_high,
        cac,
        users,
        -- (z × deviation ÷ (mean − cac))², where gap = (mean − cac) × users × mature_users.
        case
            when cac is not null and gap <> 0 and spread is not null then cast(greatest(
                ceil({{ z }} * {{ z }} * spread * users * mature_users * mature_users / (gap * gap)) - users, 0
            ) as bigint)
        end as users_still_needed
    from bounded
)

select * from final
