-- One row per counted order with its net, its margin and its place among its user's orders.
with priced as (
    select * from {{ ref('int_orders_priced') }} where is_counted
),

costed as (
    select
        priced.*,
        mapped.user_id,
        case
            when costs.order_id is null then {{ var('default_cost_rate') }} * (priced.gross - priced.discount)
            else costs.known_cost + {{ var('default_cost_rate') }}
                * {{ in_business_currency('costs.uncosted_amount', 'priced.currency', 'priced.rate') }}
        end as cost
    from priced
    left join {{ ref('int_order_costs') }} as costs on priced.order_id = costs.order_id
    left join {{ ref('map_order_user') }} as mapped on priced.order_id = mapped.order_id
),

final as (
    select
        order_id, user_id, contact_id, paid_at, order_day, order_month, currency, rate, gross, discount, paid, refunded,
        net,
        cast(net - cost as decimal(18, 4)) as margin,
        sales_channel, channel_code, store_id, group_id,
        case
            when user_id is not null
                then cast(row_number() over (partition by user_id order by paid_at, {{ by_bytes('order_id') }}) as int)
        end as order_seq
    from costed
)

select * from final
