-- Of sources that deliver single lines: what an order is by its lines. A line that is cancelled adds nothing, and the
-- least advanced of the others says how far the order is.
{% set steps = ['created', 'paid', 'shipped', 'completed'] %}
with lines as (
    select *, coalesce(line_status, '') <> 'cancelled' as stands
    from {{ ref('stg_order_lines') }}
    where order_id in (select order_id from {{ ref('stg_order_lines') }} where line_status is not null)
),

summed as (
    select
        order_id,
        {{ money('coalesce(sum(quantity * unit_price) filter (where stands), 0)') }} as gross_amount,
        {{ money('coalesce(sum(line_amount) filter (where stands), 0)') }} as line_amount,
        {{ money('coalesce(sum(line_shipping_amount) filter (where stands), 0)') }} as shipping_amount,
        {{ money('coalesce(sum(line_paid_amount) filter (where stands), 0)') }} as paid_amount,
        min(line_paid_at) filter (where stands) as paid_at,
        min(case coalesce(line_status, 'created') {% for step in steps %}when '{{ step }}' then {{ loop.index }} {% endfor %}end) as step
    from lines
    group by order_id
),

final as (
    select
        order_id,
        case step {% for step in steps %}when {{ loop.index }} then '{{ step }}' {% endfor %}else 'cancelled' end as status,
        paid_at,
        gross_amount,
        gross_amount - line_amount as discount_amount,
        shipping_amount,
        paid_amount
    from summed
)

select * from final
