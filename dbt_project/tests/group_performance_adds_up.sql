-- Orders made in known groups are all there, and of the members no more buy again than buy.
with expected as (

    select groups.group_id, count(orders.order_id) as orders, coalesce(sum(orders.net), 0) as net
    from {{ ref('stg_groups') }} as groups
    left join {{ ref('int_orders_counted') }} as orders on groups.group_id = orders.group_id
    group by groups.group_id

)

select coalesce(expected.group_id, found.group_id) as group_id
from expected
full join {{ ref('group_performance') }} as found on expected.group_id = found.group_id
where
    not coalesce(expected.orders = found.orders and expected.net = found.net, false)
    or not coalesce(found.repurchasers <= found.buyers and found.buyers <= found.members, false)
