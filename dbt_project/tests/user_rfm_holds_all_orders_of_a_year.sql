-- The frequencies of all scored users are the counted orders of the 365 days to D.
with scored as (
    select coalesce(sum(frequency), 0) as orders from {{ ref('user_rfm') }}
),

counted as (
    select count(*) as orders
    from {{ ref('int_orders_counted') }}
    where user_id is not null and {{ days_between(business_date(), 'order_day') }} < 365
)

select scored.orders, counted.orders as expected
from scored
cross join counted
where scored.orders <> counted.orders
