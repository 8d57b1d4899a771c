-- One row per user × day of int_feature_days with a slow mover among the orders of the 30 days to it.
select
    orders.user_id,
    days.as_of,
    cast(count(distinct orders.order_id) as int) as slow_mover_orders_30d
from {{ ref('int_orders_counted') }} as orders
inner join {{ ref('int_feature_days') }} as days
    on {{ days_between('days.as_of', 'orders.order_day') }} between 0 and 29
inner join {{ ref('int_order_lines') }} as lines on orders.order_id = lines.order_id
inner join {{ ref('int_slow_movers') }} as slow on lines.sku = slow.sku and days.as_of = slow.as_of
where orders.user_id is not null
group by orders.user_id, days.as_of
