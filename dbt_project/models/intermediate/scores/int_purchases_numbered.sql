-- One row per counted line of a buyer, as numbers. A view: scoring reads it once.
{{ config(materialized='view') }}
select
    buyers.user_no,
    products.sku_no,
    {{ days_between('lines.order_day', "cast('1970-01-01' as date)") }} as day_no
from {{ ref('int_counted_lines') }} as lines
inner join {{ ref('int_buyers_numbered') }} as buyers on lines.user_id = buyers.user_id
inner join {{ ref('int_products_numbered') }} as products on lines.sku = products.sku
