{% set last_day = business_date() %}
with joined as (
    select
        coalesce(months.channel_code, costs.channel_code) as acquired_channel_code,
        coalesce(months.acquired_month, costs.acquired_month) as acquired_month,
        {{ money('coalesce(costs.cost, 0)') }} as cost,
        costs.platform_conversions,
        costs.platform_conversion_value,
        coalesce(months.users, 0) as users,
        coalesce(months.first_order_users, 0) as first_order_users,
        months.converted_users,
        months.first_month_buyers,
        months.next_month_buyers,
        months.one_time_users,
        months.zombie_users,
        {%- for days in [30, 90, 180] %}
        months.net_{{ days }},
        months.margin_{{ days }},
        {%- endfor %}
        -- Without users the month itself decides: as long after its last day.
        coalesce(
            months.last_acquired_day, {{ add_days(add_months('costs.acquired_month', 1), -1) }}
        ) as last_acquired_day
    from {{ ref('int_channel_months') }} as months
    full outer join {{ ref('int_channel_costs') }} as costs
        on months.channel_code = costs.channel_code and months.acquired_month = costs.acquired_month
    -- Advertising that cost nothing and brought nobody makes no row.
    where months.channel_code is not null or costs.cost <> 0
),

aged as (
    select
        joined.*,
        payback.payback_day as paid_back_on,
        {{ days_between(last_day, 'joined.last_acquired_day') }} as age,
        {{ add_days(add_months('joined.acquired_month', 2), -1) }} <= {{ last_day }} as is_next_month_over
    from joined
    left join {{ ref('int_channel_payback') }} as payback
        on
            joined.acquired_channel_code = payback.channel_code
            and joined.acquired_month = payback.acquired_month
),

final as (
    select
        acquired_channel_code,
        acquired_month,
        cost,
        users,
        {{ ratio('cost', 'users') }} as cac,
        first_order_users,
        {{ ratio('cost', 'first_order_users') }} as cost_per_first_order_user,
        case
            when age >= {{ var('first_order_window_days') }} then {{ ratio('converted_users', 'users') }}
        end as first_order_conversion,
        case
            when is_next_month_over then {{ ratio('next_month_buyers', 'first_month_buyers') }}
        end as next_month_repurchase_rate,
        {{ ratio('one_time_users', 'users') }} as one_time_share,
        {{ ratio('zombie_users', 'users') }} as zombie_share,
        {%- for amount in ['net', 'margin'] %}
        {%- for days in [30, 90, 180] %}
        {%- set column = amount ~ '_' ~ days %}
        case when age >= {{ days }} then {{ ratio(column, 'users') }} end as {{ column }},
        {%- endfor %}
        {%- endfor %}
        case when age >= 90 then {{ ratio('margin_90 - cost', 'cost') }} end as roi_90,
        platform_conversions,
        platform_conversion_value,
        {{ ratio('platform_conversion_value', 'cost') }} as roas,
        case when age >= 90 then {{ ratio('net_90', 'cost') }} end as own_roas,
        case
            when age < 90 then null
            when cost = 0 then 0
            else paid_back_on
        end as payback_day,
        age >= 90 as is_mature
    from aged
)

select * from final
