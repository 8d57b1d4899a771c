-- One row per line of a product in a counted order. A line's amount is in the currency of its order: only converted ones
-- can be weighed against each other.
select
    lines.order_id,
    orders.user_id,
    orders.paid_at,
    orders.order_day,
    orders.order_seq,
    lines.sku,
    lines.category,
    lines.quantity,
    {{ in_business_currency('lines.line_amount', 'orders.currency', 'orders.rate') }} as amount
from {{ ref('int_order_lines') }} as lines
inner join {{ ref('int_orders_counted') }} as orders on lines.order_id = orders.order_id
