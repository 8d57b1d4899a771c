-- Every paid, not cancelled order with its amounts in the business currency; the rate is that of the order day.
with orders as (
    select *, {{ local_day('paid_at') }} as order_day
    from {{ ref('stg_orders') }}
    where
        paid_at is not null and status <> 'cancelled' and {{ local_day('paid_at') }} <= {{ business_date() }}
),

rated as (
    select
        orders.*,
        coalesce(refunds.refunded, 0) as refunded_amount,
        case when orders.currency = {{ business_currency() }} then 1 else rates.rate end as rate
    from orders
    left join {{ ref('int_refunds_by_order') }} as refunds on orders.order_id = refunds.order_id
    left join lateral (
        select fx.rate
        from {{ ref('stg_fx_rates') }} as fx
        where
            orders.currency <> {{ business_currency() }}
            and fx.currency = orders.currency and fx.rate_date <= orders.order_day
        order by fx.rate_date desc
        limit 1
    ) as rates on true
),

final as (
    select
        order_id, contact_id, paid_at, order_day, currency, rate, sales_channel, channel_code, store_id, group_id,
        cast(date_trunc('month', order_day) as date) as order_month,
        {{ in_business_currency('gross_amount', 'currency', 'rate') }} as gross,
        {{ in_business_currency('discount_amount', 'currency', 'rate') }} as discount,
        {{ in_business_currency('paid_amount', 'currency', 'rate') }} as paid,
        {{ in_business_currency('refunded_amount', 'currency', 'rate') }} as refunded,
        paid_amount <= 0 or refunded_amount < paid_amount as is_counted
    from rated
)

select * from final
