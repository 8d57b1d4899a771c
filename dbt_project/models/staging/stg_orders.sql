-- Orders of an erased contact and tests of the shop stay, without any identifier. Where lines carry their own status,
-- their sums stand for what the order's row says.
{% set by_lines = ['status', 'paid_at', 'gross_amount', 'discount_amount', 'shipping_amount', 'paid_amount'] %}
with kept_versions as (
    select * from {{ ref('base_orders') }}
),

marked as (
    select
        *,
        not coalesce(is_test, false) and {{ not_erased('kept_versions', ['phone', 'unionid', 'device_id']) }} as is_known
    from kept_versions
),

final as (
    select
        marked.order_id,
        case when marked.is_known then marked.contact_id end as contact_id,
        case when marked.is_known then marked.phone_hash end as phone_hash,
        case when marked.is_known then marked.unionid_hash end as unionid_hash,
        case when marked.is_known then marked.device_id_hash end as device_id_hash,
        marked.placed_at,
        {%- for column in by_lines %}
        case when summed.order_id is null then marked.{{ column }} else summed.{{ column }} end as {{ column }},
        {%- endfor %}
        -- The tax in the order's row is that of the lines that came with it.
        case when summed.order_id is null then marked.tax_amount end as tax_amount,
        marked.currency,
        marked.sales_channel,
        marked.channel_code,
        marked.store_id,
        marked.courier_id,
        marked.group_id,
        marked.coupon_id,
        marked.payment_method,
        coalesce(marked.is_test, false) as is_test,
        marked.updated_at,
        marked._source as source,
        marked._load_id,
        marked._line,
        marked._business_date,
        marked._source
    from marked
    left join {{ ref('stg_orders_from_lines') }} as summed on marked.order_id = summed.order_id
)

select * from final
