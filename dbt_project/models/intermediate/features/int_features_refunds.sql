-- One row per user × day of int_feature_days with a refund by then, of counted and fully refunded orders alike.
{% set age = days_between('days.as_of', 'refunds.refund_day') %}
with refunds as (
    select mapped.user_id, refunds.order_id, {{ local_day('refunds.refunded_at') }} as refund_day
    from {{ ref('stg_refunds') }} as refunds
    inner join {{ ref('map_order_user') }} as mapped on refunds.order_id = mapped.order_id
),

final as (
    select
        refunds.user_id, days.as_of,
        cast(count(distinct refunds.order_id) as int) as refunded_orders,
        cast(count(*) filter (where {{ age }} < 90) as int) as refunds_90d,
        min({{ age }}) as days_since_refund
    from refunds
    inner join {{ ref('int_feature_days') }} as days on refunds.refund_day <= days.as_of
    group by refunds.user_id, days.as_of
)

select * from final
