-- Lines of no known cost are summed apart: they cost the default share of their amount. What is no product costs nothing:
-- an order of such lines alone has a row too, as it is no order without lines.
with products as (
    select
        order_id,
        coalesce(sum(known_cost), 0) as known_cost,
        coalesce(sum(line_amount) filter (where known_cost is null), 0) as uncosted_amount
    from {{ ref('int_order_lines') }}
    group by order_id
),

others as (
    select distinct order_id from {{ ref('stg_order_lines') }} where line_kind not in ('goods', 'gift')
),

final as (
    select * from products
    union all
    select others.order_id, 0 as known_cost, 0 as uncosted_amount
    from others
    left join products on others.order_id = products.order_id
    where products.order_id is null
)

select * from final
