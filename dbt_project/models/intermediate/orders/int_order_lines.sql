{{ config(materialized='view') }}
-- Current lines of products with what they cost and their category. Tips, fees, shipping and gift cards are no products.
select
    lines.order_id, lines.line_no, lines.sku, lines.quantity, lines.line_amount, products.category,
    lines.quantity * products.unit_cost as known_cost
from {{ ref('stg_order_lines') }} as lines
left join {{ ref('stg_products') }} as products on lines.sku = products.sku
where lines.line_kind in ('goods', 'gift') and coalesce(lines.line_status, '') <> 'cancelled'
