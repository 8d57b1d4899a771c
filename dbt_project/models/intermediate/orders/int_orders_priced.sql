-- Every paid, not cancelled order with its amounts in the business currency; the rate is that of the order day.
with orders as (
    select *, {{ local_day('paid_at') }} as order_day
    from {{ ref('stg_orders') }}
    where
        paid_at is not null and status <> 'cancelled' and {{ local_day('paid_at') }} <= {{ business_date() }}
),

foreign_days as (
    select distinct currency, order_day
    from orders
    where currency <> {{ business_currency() }}
),

rate_days as (
    select foreign_days.currency, foreign_days.order_day, max(rates.rate_date) as rate_date
    from foreign_days
    inner join {{ ref('stg_fx_rates') }} as rates
        on foreign_days.currency = rates.currency and foreign_days.order_day >= rates.rate_date
    group by foreign_days.currency, foreign_days.order_day
),

rated as (
    select
        orders.*,
        coalesce(refunds.refunded, 0) as refunded_amount,
        case when orders.currency = {{ business_currency() }} then 1 else rates.rate end as rate
    from orders
    left join {{ ref('int_refunds_by_order') }} as refunds on orders.order_id = refunds.order_id
    left join rate_days on orders.currency = rate_days.currency and orders.order_day = rate_days.order_day
    left join {{ ref('stg_fx_rates') }} as rates
        on rate_days.currency = rates.currency and rate_days.rate_date = rates.rate_date
),

final as (
    select
        order_id, contact_id, paid_at, order_day, currency, rate, sales_channel, channel_code, store_id, group_id,
        {{ month_of('order_day') }} as order_month,
        {{ in_business_currency('gross_amount', 'currency', 'rate') }} as gross,
        {{ in_business_currency('discount_amount', 'currency', 'rate') }} as discount,
        {{ in_business_currency('paid_amount', 'currency', 'rate') }} as paid,
        {{ in_business_currency('refunded_amount', 'currency', 'rate') }} as refunded,
        paid_amount <= 0 or refunded_amount < paid_amount as is_counted
    from rated
)

select * from final
