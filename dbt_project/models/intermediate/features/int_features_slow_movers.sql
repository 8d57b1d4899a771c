-- One row per user × day of int_feature_days with a slow mover among the orders of the 30 days to it.
select
    lines.user_id,
    days.as_of,
    cast(count(distinct lines.order_id) as int) as slow_mover_orders_30d
from {{ ref('int_counted_lines') }} as lines
inner join {{ ref('int_feature_days') }} as days
    on {{ days_between('days.as_of', 'lines.order_day') }} between 0 and 29
inner join {{ ref('int_slow_movers') }} as slow on lines.sku = slow.sku and days.as_of = slow.as_of
where lines.user_id is not null
group by lines.user_id, days.as_of
