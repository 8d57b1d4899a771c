-- Orders that change although none of their rows came: the cost, category or replenishment of something they hold
-- changed, or a rate of their currency, of their day or before: each night's new rates change no earlier order.
-- Compared with the products and rates that the last night read; empty where all is built anew.
{% if builds_on_last_night() %}
with products as (
    {{ changed_since_last_night(
        ref('stg_products'), 'int_products_read', ['sku'], ['category', 'unit_cost', 'replenishment_days']
    ) }}
),

rates as (
    {{ changed_since_last_night(ref('stg_fx_rates'), 'int_rates_read', ['rate_date', 'currency'], ['rate']) }}
)

select lines.order_id
from {{ ref('base_order_lines') }} as lines
inner join products on lines.sku = products.sku
union
select orders.order_id
from {{ ref('base_orders') }} as orders
inner join (select currency, min(rate_date) as since from rates group by currency) as changed
    on orders.currency = changed.currency and {{ local_day('orders.paid_at') }} >= changed.since
{% else %}
select null::text as order_id
from {{ ref('base_orders') }}
where false
{% endif %}
