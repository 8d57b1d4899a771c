-- One row per counted order of a user × product category that a line of it is of.
select distinct
    orders.order_id,
    lines.category,
    orders.user_id,
    orders.paid_at,
    orders.order_day,
    orders.order_seq
from {{ ref('int_orders_counted') }} as orders
inner join {{ ref('int_order_lines') }} as lines on orders.order_id = lines.order_id
where orders.user_id is not null and lines.category is not null
