-- Of an order whose lines carry their own status the lines make the figures: there is nothing to compare.
with new_orders as (

    select order_id, status, paid_at, paid_amount, gross_amount - discount_amount as order_amount, _source
    from {{ ref('recent_orders') }}
    where is_new and is_latest

),

-- Some platforms list orders without what was bought.
with_lines as (

    select distinct _source from {{ ref('recent_order_lines') }}

),

sums as (

    select order_id, sum(line_amount) as line_amount, count(line_status) > 0 as makes_its_order
    from {{ ref('stg_order_lines') }}
    where order_id in (select order_id from new_orders)
    group by order_id

),

compared as (

    select
        new_orders.status <> 'cancelled' and new_orders.paid_at is not null
            and not sums.makes_its_order as has_both,
        new_orders.status <> 'cancelled' and new_orders.paid_amount > 0
            and new_orders._source in (select _source from with_lines) as wants_lines,
        sums.order_id is null as lacks_lines,
        abs(new_orders.order_amount - sums.line_amount) > greatest(0.05, 0.01 * abs(new_orders.order_amount))
            as differs
    from new_orders
    left join sums on new_orders.order_id = sums.order_id

),

counted as (

    select
        count(*) filter (where has_both) as orders_compared,
        count(*) filter (where has_both and differs) as orders_that_differ,
        count(*) filter (where wants_lines) as paid_orders,
        count(*) filter (where wants_lines and lacks_lines) as orders_without_lines
    from compared

),

-- A line set aside by its contract makes its order differ: those are known, and are not counted twice.
known as (

    select coalesce(sum(set_aside), 0) as set_aside
    from {{ ref('delivery_days') }}
    where export = 'order_lines' and is_new

),

explained as (

    select
        counted.orders_compared,
        cast(greatest(counted.orders_that_differ - known.set_aside, 0) as bigint) as orders_that_differ,
        counted.paid_orders,
        counted.orders_without_lines
    from counted
    cross join known

),

final as (

    select
        'orders' as export,
        *,
        {{ share('orders_that_differ', 'orders_compared') }} as differing_share,
        {{ share_of_many('orders_that_differ', 'orders_compared') }} as differing_share_of_many,
        {{ share('orders_without_lines', 'paid_orders') }} as without_lines_share,
        {{ share_of_many('orders_without_lines', 'paid_orders') }} as without_lines_share_of_many
    from explained

)

select * from final
