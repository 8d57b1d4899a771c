-- Orders of an erased contact stay, without any identifier.
with kept_versions as (
    select * from {{ ref('base_orders') }}
),

marked as (
    select
        *,
        {{ not_erased('kept_versions', ['phone', 'unionid', 'device_id']) }} as is_kept
    from kept_versions
),

final as (
    select
        marked.order_id,
        case when marked.is_kept then marked.contact_id end as contact_id,
        case when marked.is_kept then marked.phone_hash end as phone_hash,
        case when marked.is_kept then marked.unionid_hash end as unionid_hash,
        case when marked.is_kept then marked.device_id_hash end as device_id_hash,
        marked.status,
        marked.placed_at,
        marked.paid_at,
        marked.gross_amount,
        marked.discount_amount,
        marked.shipping_amount,
        marked.paid_amount,
        marked.currency,
        marked.sales_channel,
        marked.channel_code,
        marked.store_id,
        marked.courier_id,
        marked.group_id,
        marked.coupon_id,
        marked.updated_at,
        coalesce(marked.is_test, false) as is_test,
        marked._source as source,
        marked._load_id,
        marked._line,
        marked._business_date
    from marked
)

select * from final
