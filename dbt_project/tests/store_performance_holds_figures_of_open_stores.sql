-- Every user of an open store is new in one month, and every order made in one is in one.
with stores as (

    select store_id from {{ ref('stg_stores') }} where opened_on <= {{ business_date() }}

),

expected as (

    select
        (
            select count(*) from {{ ref('users') }} inner join stores using (store_id)
            where acquired_day <= {{ business_date() }}
        ) as new_users,
        (
            select count(*) from {{ ref('users') }} inner join stores using (store_id)
            where first_order_day is not null
        ) as first_buyers,
        (select count(*) from {{ ref('int_orders_counted') }} inner join stores using (store_id)) as orders,
        (select coalesce(sum(net), 0) from {{ ref('int_orders_counted') }} inner join stores using (store_id)) as net

),

found as (

    select
        coalesce(sum(new_users), 0) as new_users,
        coalesce(sum(first_buyers), 0) as first_buyers,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(net), 0) as net
    from {{ ref('store_performance') }}

)

select *
from expected
cross join found
where
    (expected.new_users, expected.first_buyers, expected.orders, expected.net)
    is distinct from (found.new_users, found.first_buyers, found.orders, found.net)
