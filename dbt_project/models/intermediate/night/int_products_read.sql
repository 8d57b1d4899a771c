-- The products as this night's orders were costed with.
-- depends_on: {{ ref('int_changed_goods') }}
select sku, category, unit_cost, replenishment_days from {{ ref('stg_products') }}
