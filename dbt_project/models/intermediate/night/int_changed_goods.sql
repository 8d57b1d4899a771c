-- Orders that change although none of their rows came: the cost, category or replenishment of something they hold
-- changed, or a rate of their currency. Compared with the products and rates that the last night read; empty where all
-- is built anew.
{% if builds_on_last_night() %}
with products as (
    select coalesce(now.sku, before.sku) as sku
    from {{ ref('stg_products') }} as now
    full join {{ target.schema }}.int_products_read as before on now.sku = before.sku
    where
        (now.category, now.unit_cost, now.replenishment_days)
        is distinct from (before.category, before.unit_cost, before.replenishment_days)
),

rates as (
    select distinct coalesce(now.currency, before.currency) as currency
    from {{ ref('stg_fx_rates') }} as now
    full join {{ target.schema }}.int_rates_read as before
        on now.rate_date = before.rate_date and now.currency = before.currency
    where now.rate is distinct from before.rate
)

select lines.order_id
from {{ ref('base_order_lines') }} as lines
inner join products on lines.sku = products.sku
union
select orders.order_id
from {{ ref('base_orders') }} as orders
inner join rates on orders.currency = rates.currency
{% else %}
select null::text as order_id
from {{ ref('base_orders') }}
where false
{% endif %}
