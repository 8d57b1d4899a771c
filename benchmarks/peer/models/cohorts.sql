select
    date_trunc('month', customers.first_order_day)::date as cohort_month,
    (date_part('year', orders.order_day) - date_part('year', customers.first_order_day)) * 12
    + date_part('month', orders.order_day) - date_part('month', customers.first_order_day) as month_number,
    customers.source_channel_code,
    count(distinct orders.contact_id) as buyers, count(*) as orders, sum(orders.net) as net
from {{ ref('orders_newest') }} as orders
inner join {{ ref('customers') }} as customers on orders.contact_id = customers.contact_id
group by 1, 2, 3
