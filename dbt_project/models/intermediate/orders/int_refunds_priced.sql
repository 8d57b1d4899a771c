-- One row per refund by D of an order that was paid by D, whether the order counts or not, in the business currency at
-- the rate of the order day. Tests are in no figure.
with orders as (
    select order_id, currency, {{ local_day('paid_at') }} as order_day
    from {{ ref('stg_orders') }}
    where paid_at is not null and {{ local_day('paid_at') }} <= {{ business_date() }} and not is_test
),

rates as (
    {{ rate_spans() }}
),

final as (
    select
        refunds.refund_id,
        refunds.order_id,
        refunds.source,
        {{ local_day('refunds.refunded_at') }} as refund_day,
        refunds.reason,
        refunds.is_date_estimated,
        counted.order_id is not null as is_counted,
        mapped.user_id,
        {%- for amount in ['amount', 'shipping_amount', 'tax_amount'] %}
        {{ in_business_currency('refunds.' ~ amount, 'orders.currency', 'rates.rate') }} as {{ amount }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_refunds') }} as refunds
    inner join orders on refunds.order_id = orders.order_id
    left join {{ ref('int_orders_counted') }} as counted on refunds.order_id = counted.order_id
    left join {{ ref('map_order_user') }} as mapped on refunds.order_id = mapped.order_id
    left join rates
        on
            {{ rate_holds('rates', 'orders.currency', 'orders.order_day') }}
    where {{ local_day('refunds.refunded_at') }} <= {{ business_date() }}
)

select * from final
