select
    refunds.refund_day as day,
    refunds.source,
    coalesce(users.acquired_channel_code, 'unknown') as acquired_channel_code,
    refunds.reason,
    refunds.is_counted,
    refunds.is_date_estimated,
    cast(count(*) as bigint) as refunds,
    cast(count(distinct refunds.order_id) as bigint) as orders,
    {{ money('sum(refunds.amount)') }} as amount,
    -- Null where no refund of the row says it: that is not none.
    {{ money('sum(refunds.shipping_amount)') }} as shipping_amount,
    {{ money('sum(refunds.tax_amount)') }} as tax_amount
from {{ ref('int_refunds_priced') }} as refunds
left join {{ ref('int_users_acquired') }} as users on refunds.user_id = users.user_id
group by
    refunds.refund_day, refunds.source, coalesce(users.acquired_channel_code, 'unknown'), refunds.reason,
    refunds.is_counted, refunds.is_date_estimated
