-- One row per campaign begun by the business date × period (before, during, after), all as long as the campaign.
-- A window tells something once it is over, and only where sales were already recorded on its first day.
with campaigns as (
    select campaign_id, starts_on, {{ days_between('ends_on', 'starts_on') }} + 1 as days
    from {{ ref('stg_campaigns') }}
    where starts_on <= {{ business_date() }}
),

windows as (
    {%- for period, shift in [('before', -1), ('during', 0), ('after', 1)] %}
    select
        campaign_id,
        '{{ period }}' as period,
        {{ add_days('starts_on', shift ~ ' * days') }} as first_day,
        {{ add_days('starts_on', (shift + 1) ~ ' * days - 1') }} as last_day
    from campaigns
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

history as (
    select min(order_day) as first_day from {{ ref('int_orders_counted') }}
),

final as (
    select
        windows.campaign_id,
        windows.period,
        windows.first_day,
        windows.last_day,
        coalesce(
            windows.last_day <= {{ business_date() }} and windows.first_day >= history.first_day, false
        ) as is_known
    from windows
    cross join history
)

select * from final
