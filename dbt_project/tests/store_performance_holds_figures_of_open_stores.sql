-- Every user of an open store is new in one month, and every order made in one is in one.
with stores as (

    select store_id from {{ ref('stg_stores') }} where opened_on <= {{ business_date() }}

),

users as (

    select
        count(*) filter (where users.acquired_day <= {{ business_date() }}) as new_users,
        count(users.first_order_day) as first_buyers
    from {{ ref('users') }} as users
    inner join stores on users.store_id = stores.store_id

),

sales as (

    select count(*) as orders, coalesce(sum(orders.net), 0) as net
    from {{ ref('int_orders_counted') }} as orders
    inner join stores on orders.store_id = stores.store_id

),

found as (

    select
        coalesce(sum(new_users), 0) as new_users,
        coalesce(sum(first_buyers), 0) as first_buyers,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(net), 0) as net
    from {{ ref('store_performance') }}

)

select found.*
from found
cross join users
cross join sales
where
    found.new_users <> users.new_users
    or found.first_buyers <> users.first_buyers
    or found.orders <> sales.orders
    or found.net <> sales.net
