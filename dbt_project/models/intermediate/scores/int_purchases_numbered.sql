-- One row per counted line of a buyer, as numbers. A view: scoring reads it once.
{{ config(materialized='view') }}
select
    buyers.user_no,
    products.sku_no,
    {{ days_between('orders.order_day', "cast('1970-01-01' as date)") }} as day_no
from {{ ref('int_orders_counted') }} as orders
inner join {{ ref('int_buyers_numbered') }} as buyers on orders.user_id = buyers.user_id
inner join {{ ref('int_order_lines') }} as lines on orders.order_id = lines.order_id
inner join {{ ref('int_products_numbered') }} as products on lines.sku = products.sku
