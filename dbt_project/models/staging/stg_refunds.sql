-- Refunds that came as such, and those that running totals tell of.
with single as (
    select * from {{ ref('base_refunds') }} where running_total is null
),

final as (
    {%- set columns = 'refund_id, order_id, line_no, amount, refunded_at, reason, updated_at, _load_id, _line, _business_date, _source, _source as source' %}
    select {{ columns }}, shipping_amount, tax_amount, coalesce(is_date_estimated, false) as is_date_estimated
    from single
    union all
    select {{ columns }}, null as shipping_amount, null as tax_amount, is_date_estimated
    from {{ ref('base_refunds_by_total') }}
)

select * from final
