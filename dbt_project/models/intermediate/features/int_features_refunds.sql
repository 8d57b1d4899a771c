-- One row per user × day of int_feature_days with a refund by then, of counted and fully refunded orders alike.
with figures as (
    select
        mapped.user_id, days.as_of,
        cast(count(distinct refunds.order_id) as int) as refunded_orders,
        cast(count(*) filter (where refunds.refunded_at >= days.since_90d) as int) as refunds_90d,
        max(refunds.refunded_at) as last_refund_at
    from {{ ref('stg_refunds') }} as refunds
    inner join {{ ref('int_feature_days') }} as days on refunds.refunded_at < days.ends_at
    inner join {{ ref('map_order_user') }} as mapped on refunds.order_id = mapped.order_id
    group by mapped.user_id, days.as_of
),

final as (
    select
        user_id, as_of, refunded_orders, refunds_90d,
        {{ days_between('as_of', local_day('last_refund_at')) }} as days_since_refund
    from figures
)

select * from final
