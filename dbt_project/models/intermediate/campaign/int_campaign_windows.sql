-- One row per campaign begun by the business date × period (before, during, after), all as long as the campaign.
-- A window tells something once it is over, and only where sales were already recorded on its first day.
with campaigns as (

    select
        campaign_id,
        starts_on,
        ends_on - starts_on + 1 as days
    from {{ ref('stg_campaigns') }}
    where starts_on <= {{ business_date() }}

),

windows as (

    select
        campaigns.campaign_id,
        period.name as period,
        campaigns.starts_on + period.shift * campaigns.days as first_day,
        campaigns.starts_on + (period.shift + 1) * campaigns.days - 1 as last_day
    from campaigns
    cross join (values ('before', -1), ('during', 0), ('after', 1)) as period (name, shift)

)

select
    windows.campaign_id,
    windows.period,
    windows.first_day,
    windows.last_day,
    coalesce(windows.last_day <= {{ business_date() }} and windows.first_day >= history.first_day, false) as is_known
from windows
cross join (select min(order_day) as first_day from {{ ref('int_orders_counted') }}) as history
