{# A view: the scoring reads it once, and 25 million rows need not be written for that. #}
{{ config(materialized='view') }}
select
    buyers.user_no, products.sku_no,
    lines.day - date '1970-01-01' as day_no
from {{ ref('int_user_purchases') }} as purchases
inner join {{ ref('int_buyers_numbered') }} as buyers on purchases.user_id = buyers.user_id
cross join lateral unnest(purchases.line_skus, purchases.line_days) as lines (sku, day)
inner join {{ ref('int_products_numbered') }} as products on lines.sku = products.sku
