-- One row per user × day with a counted order: several orders of one day are one occasion to buy.
select
    user_id,
    order_day,
    cast(count(*) as int) as orders,
    sum(net) as net
from {{ ref('int_orders_counted') }}
where user_id is not null
group by user_id, order_day
