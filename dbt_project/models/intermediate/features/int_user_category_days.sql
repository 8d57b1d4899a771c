-- One row per user × category × order day: what was bought by then, when the category is due again, and the last day
-- before the next purchase in it (null: the newest). A day's shortest replenishment counts; products bought once give
-- no due day. What was bought of products that are listed no more stands under no category, for its units.
with bought as (
    select
        lines.user_id, lines.category, lines.order_day,
        sum(lines.amount) as amount,
        sum(lines.quantity) as units,
        min(products.replenishment_days) as replenishment_days
    from {{ ref('int_counted_lines') }} as lines
    left join {{ ref('stg_products') }} as products on lines.sku = products.sku
    where lines.user_id is not null
    group by lines.user_id, lines.category, lines.order_day
),

final as (
    select
        user_id, category, order_day,
        {{ add_days('order_day', 'replenishment_days') }} as due_day,
        {{ money('sum(amount) over so_far') }} as amount_by_then,
        cast(sum(units) over so_far as bigint) as units_by_then,
        {{ add_days('lead(order_day) over so_far', -1) }} as holds_to
    from bought
    window so_far as (partition by user_id, category order by order_day)
)

select * from final
