-- Counted orders of each user put together.
select
    user_id,
    min(paid_at) as first_order_at,
    min(order_day) as first_order_day,
    max(order_day) as last_order_day,
    cast(count(*) as int) as orders,
    sum(net) as net,
    sum(margin) as margin,
    sum(gross) as gross,
    sum(discount) as discount,
    max(channel_code) filter (where order_seq = 1) as first_order_channel_code
from {{ ref('int_orders_counted') }}
where user_id is not null
group by user_id
