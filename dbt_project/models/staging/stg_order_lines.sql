-- Lines in their order: quantity 0 took one out. A product that costs nothing is a gift.
with final as (
    select
        order_id,
        {{ line_key() }} as line_key,
        line_no,
        sku,
        quantity,
        unit_price,
        line_amount,
        case
            when unit_price = 0 and coalesce(line_kind, 'goods') = 'goods' then 'gift'
            else coalesce(line_kind, 'goods')
        end as line_kind,
        product_name,
        line_status,
        line_paid_amount,
        line_paid_at,
        line_shipping_amount,
        updated_at,
        _load_id,
        _line,
        _business_date,
        _source
    from {{ ref('base_order_lines') }}
    where quantity > 0
)

select * from final
