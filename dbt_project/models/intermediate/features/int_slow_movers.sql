-- One row per product × day of int_feature_days that sold little in the 90 days ending 30 days before that day:
-- less than slow_mover_share of the mean product's units, launched before those 90 days.
{% set last_sale_day = add_days('days.as_of', -30) %}
with sold as (
    select sku, order_day, sum(quantity) as units
    from {{ ref('int_counted_lines') }}
    group by sku, order_day
),

windows as (
    select products.sku, days.as_of, cast(coalesce(sum(sold.units), 0) as bigint) as units
    from {{ ref('stg_products') }} as products
    cross join {{ ref('int_feature_days') }} as days
    left join sold
        on
            products.sku = sold.sku
            and {{ days_between(last_sale_day, 'sold.order_day') }} between 0 and {{ var('slow_mover_days') }} - 1
    where
        products.launched_on is null
        or {{ days_between(last_sale_day, 'products.launched_on') }} >= {{ var('slow_mover_days') }}
    group by products.sku, days.as_of
),

compared as (
    select
        sku, as_of, units,
        cast(sum(units) over (partition by as_of) as bigint) as units_of_all,
        count(*) over (partition by as_of) as products
    from windows
),

final as (
    select sku, as_of from compared
    where units * products < {{ var('slow_mover_share') }} * units_of_all
)

select * from final
