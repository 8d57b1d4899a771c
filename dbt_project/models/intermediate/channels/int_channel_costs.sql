-- One row per channel × month with advertising: its cost, and what the platforms say it brought (null where they do not).
select
    channel_code,
    stat_month as acquired_month,
    {{ money('sum(cost)') }} as cost,
    cast(sum(platform_conversions) as decimal(18, 6)) as platform_conversions,
    {{ money('sum(platform_conversion_value)') }} as platform_conversion_value
from {{ ref('int_ad_costs') }}
group by channel_code, stat_month
