-- One row per user × day of int_feature_days with a counted order by then.
-- Marts are restated: an order fully refunded by D counts on none of the days.
{% set sales_channels = ['app', 'group', 'live', 'marketplace', 'mini_program', 'other', 'store', 'web'] %}
{% set age = days_between('days.as_of', 'orders.order_day') %}
with figures as (
    select
        orders.user_id,
        days.as_of,
        cast(count(*) as int) as orders,
        {{ money('sum(orders.net)') }} as net,
        {{ money('max(orders.net)') }} as largest_net,
        sum(orders.gross) as gross,
        sum(orders.discount) as discount,
        {%- for window in [30, 90, 365] %}
        cast(count(*) filter (where {{ age }} < {{ window }}) as int) as orders_{{ window }}d,
        {{ money('coalesce(sum(orders.net) filter (where ' ~ age ~ ' < ' ~ window ~ '), 0)') }} as net_{{ window }}d,
        {%- endfor %}
        cast(coalesce(sum(orders.margin) filter (where {{ age }} < 365), 0) as decimal(18, 4)) as margin_365d,
        min({{ age }}) as recency_days,
        max({{ age }}) as days_since_first_order,
        cast(count(*) filter (where orders.discount > 0) as int) as discounted_orders,
        cast(count(*) filter (
            where orders.discount > 0 and orders.discount >= {{ var('deep_discount_share') }} * orders.gross
        ) as int) as deep_discount_orders,
        cast(count(*) filter (where {{ iso_weekday('orders.order_day') }} >= 6) as int) as weekend_orders,
        {%- for sales_channel in sales_channels %}
        cast(count(*) filter (where orders.sales_channel = '{{ sales_channel }}') as int)
            as {{ sales_channel }}_orders{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_orders_counted') }} as orders
    inner join {{ ref('int_feature_days') }} as days on orders.order_day <= days.as_of
    where orders.user_id is not null
    group by orders.user_id, days.as_of
),

final as (
    select
        user_id, as_of, orders, orders_30d, orders_90d, orders_365d, net, net_30d, net_90d, net_365d, margin_365d,
        largest_net,
        {{ quotient('net', 'orders') }} as aov,
        recency_days,
        days_since_first_order,
        {{ quotient('days_since_first_order - recency_days', 'orders - 1') }} as mean_gap_days,
        {{ quotient('discount', 'gross') }} as discount_share,
        discounted_orders, deep_discount_orders, weekend_orders,
        {%- for sales_channel in sales_channels %}
        {{ sales_channel }}_orders,
        {%- endfor %}
        -- Listed by name: the first with the most orders wins a tie.
        case greatest(
            {%- for sales_channel in sales_channels %}
            {{ sales_channel }}_orders{{ ',' if not loop.last }}
            {%- endfor %}
        )
            when 0 then null
            {%- for sales_channel in sales_channels %}
            when {{ sales_channel }}_orders then '{{ sales_channel }}'
            {%- endfor %}
        end as preferred_sales_channel
    from figures
)

select * from final
