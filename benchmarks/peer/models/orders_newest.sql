with newest as (
    select distinct on (order_id) order_id, contact_id, status, paid_at, paid_amount
    from {{ source('raw', 'orders') }}
    order by order_id, updated_at desc
),

refunded as (
    select order_id, sum(amount) as refunds
    from (
        select distinct on (refund_id) refund_id, order_id, amount
        from {{ source('raw', 'refunds') }}
        order by refund_id, updated_at desc
    ) as refunds
    group by order_id
),

costs as (
    select lines.order_id, sum(coalesce(lines.quantity * products.unit_cost, 0.6 * lines.line_amount)) as cost
    from (
        select distinct on (order_id, line_no) order_id, line_no, sku, quantity, line_amount
        from {{ source('raw', 'order_lines') }}
        order by order_id, line_no, updated_at desc
    ) as lines
    left join (
        select sku, unit_cost from {{ source('raw', 'products') }}
        where _business_date = (select max(_business_date) from {{ source('raw', 'products') }})
    ) as products on lines.sku = products.sku
    group by lines.order_id
)

select
    newest.order_id, newest.contact_id, newest.paid_at::date as order_day,
    newest.paid_amount - coalesce(refunded.refunds, 0) as net,
    newest.paid_amount - coalesce(refunded.refunds, 0) - coalesce(costs.cost, 0) as margin
from newest
left join refunded on newest.order_id = refunded.order_id
left join costs on newest.order_id = costs.order_id
where newest.paid_at is not null and newest.status <> 'cancelled'
