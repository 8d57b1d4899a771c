-- Every paid, not cancelled order that is no test with its amounts in the business currency; the rate is that of the
-- order day.
{% set leaves_tax_out = 'orders.paid_amount > 0 and orders.tax_amount is not null' if var('net_excludes_tax') else 'false' %}
with orders as (
    select *, {{ local_day('paid_at') }} as order_day
    from {{ ref('stg_orders') }}
    where
        paid_at is not null and status <> 'cancelled' and not coalesce(is_test, false)
        and {{ local_day('paid_at') }} <= {{ business_date() }}
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
        case when orders.currency = {{ business_currency() }} then 1 else rates.rate end as rate,
        coalesce(cards.is_all, false) as is_gift_cards,
        -- What counts as net, as a quotient: all, without the share of gift cards, without that of tax.
        {{ money('case when cards.line_amount > 0 then cards.other_amount else 1 end') }} as net_part,
        {{ money('case when cards.line_amount > 0 then cards.line_amount else 1 end') }} as net_whole,
        case when {{ leaves_tax_out }} then orders.paid_amount - orders.tax_amount else 1 end as untaxed_part,
        case when {{ leaves_tax_out }} then orders.paid_amount else 1 end as untaxed_whole
    from orders
    left join {{ ref('int_refunds_by_order') }} as refunds on orders.order_id = refunds.order_id
    left join rate_days on orders.currency = rate_days.currency and orders.order_day = rate_days.order_day
    left join {{ ref('stg_fx_rates') }} as rates
        on rate_days.currency = rates.currency and rate_days.rate_date = rates.rate_date
    left join {{ ref('int_order_gift_cards') }} as cards on orders.order_id = cards.order_id
),

converted as (
    select
        order_id, contact_id, paid_at, order_day, currency, rate, sales_channel, channel_code, store_id, group_id,
        {{ month_of('order_day') }} as order_month,
        {{ in_business_currency('gross_amount', 'currency', 'rate') }} as gross,
        {{ in_business_currency('discount_amount', 'currency', 'rate') }} as discount,
        {{ in_business_currency('paid_amount', 'currency', 'rate') }} as paid,
        {{ in_business_currency('refunded_amount', 'currency', 'rate') }} as refunded,
        net_part, net_whole, untaxed_part, untaxed_whole,
        not is_gift_cards and (
            {{ 'paid_amount <= 0 or' if var('count_free_orders') else 'paid_amount > 0 and' }}
            refunded_amount < paid_amount
        ) as is_counted
    from rated
),

final as (
    select
        order_id, contact_id, paid_at, order_day, order_month, currency, rate, sales_channel, channel_code, store_id,
        group_id, gross, discount, paid, refunded, is_counted,
        case
            when net_part = net_whole and untaxed_part = untaxed_whole then paid - refunded
            else {{ ratio('(paid - refunded) * net_part * untaxed_part', 'net_whole * untaxed_whole', 2) }}
        end as net
    from converted
)

select * from final
