-- What the value models hold out is the net of the counted orders of those days.
with held as (
    select coalesce(sum(held_net), 0) as net from {{ ref('int_buyers_numbered') }}
),

counted as (
    select coalesce(sum(net), 0) as net
    from {{ ref('int_orders_counted') }}
    where
        user_id is not null
        and {{ days_between(business_date(), 'order_day') }} < {{ var('value_holdout_days') }}
)

select held.net, counted.net as expected
from held
cross join counted
where held.net <> counted.net
