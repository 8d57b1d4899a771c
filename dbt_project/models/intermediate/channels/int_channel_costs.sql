-- One row per channel × month with ad cost.
select channel_code, stat_month as acquired_month, {{ money('sum(cost)') }} as cost
from {{ ref('int_ad_costs') }}
group by channel_code, stat_month
having sum(cost) <> 0
