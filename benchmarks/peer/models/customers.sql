with contacts as (
    select distinct on (contact_id) contact_id, source_channel_code, registered_at::date as acquired_day
    from {{ source('raw', 'contacts') }}
    order by contact_id, updated_at desc
),

orders as (
    select
        contact_id, count(*) as orders, sum(net) as net, sum(margin) as margin, min(order_day) as first_order_day,
        max(order_day) as last_order_day
    from {{ ref('orders_newest') }}
    group by contact_id
),

seen as (
    select contact_id, count(*) as touches
    from (
        select distinct on (touch_id) touch_id, contact_id from {{ source('raw', 'touches') }}
        order by touch_id, updated_at desc
    ) as touches
    group by contact_id
)

select contacts.*, orders.orders, orders.net, orders.margin, orders.first_order_day, orders.last_order_day, seen.touches
from contacts
left join orders on contacts.contact_id = orders.contact_id
left join seen on contacts.contact_id = seen.contact_id
