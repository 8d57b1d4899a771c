-- One row per push × counted order of its user paid at or after it, on one of the first days from the push's day.
-- Days are cut into buckets as long as the window: an order then lies in the bucket of the push or in the next,
-- which makes the range an equality that can be hashed.
{% set days = var('campaign_response_days') %}
{% set epoch = "cast('2000-01-01' as date)" %}
with pushes as (
    select push_id, user_id, campaign_id, sent_at, sent_day, {{ integer_quotient(days_between('sent_day', epoch), days) }} as bucket
    from {{ ref('int_pushes_users') }}
    where user_id is not null
),

orders as (
    select order_id, user_id, paid_at, order_day, net, margin, {{ integer_quotient(days_between('order_day', epoch), days) }} as bucket
    from {{ ref('int_orders_counted') }}
    where user_id is not null
),

bucketed as (
    select orders.*, orders.bucket as push_bucket from orders
    union all
    select orders.*, orders.bucket - 1 as push_bucket from orders
)

select
    pushes.push_id,
    bucketed.order_id,
    pushes.user_id,
    pushes.campaign_id,
    bucketed.net,
    bucketed.margin
from pushes
inner join bucketed on pushes.user_id = bucketed.user_id and pushes.bucket = bucketed.push_bucket
where
    bucketed.paid_at >= pushes.sent_at
    and {{ days_between('bucketed.order_day', 'pushes.sent_day') }} < {{ days }}
