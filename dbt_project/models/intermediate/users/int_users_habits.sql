-- Buying habits of each user: share refunded, days between orders, favourite category, preferred sales channel.
with refunds as (
    select mapped.user_id, {{ ratio('sum(priced.refunded)', 'sum(priced.paid)') }} as refund_rate
    from {{ ref('int_orders_priced') }} as priced
    inner join {{ ref('map_order_user') }} as mapped on priced.order_id = mapped.order_id
    group by mapped.user_id
),

order_days as (
    select
        user_id,
        order_day,
        lag(order_day) over (partition by user_id order by order_day) as day_before
    from {{ ref('int_user_order_days') }}
),

gaps as (
    select user_id, {{ median(days_between('order_day', 'day_before')) }} as median_gap_days
    from order_days
    where day_before is not null
    group by user_id
),

categories as (
    select
        user_id, category,
        row_number() over (partition by user_id order by amount_by_then desc, {{ by_bytes('category') }}) as place
    from {{ ref('int_user_category_days') }}
    where category is not null and holds_to is null
),

ordered_by as (
    select user_id, sales_channel, count(*) as orders
    from {{ ref('int_orders_counted') }}
    where user_id is not null and sales_channel is not null
    group by user_id, sales_channel
),

sales_channels as (
    select
        user_id, sales_channel,
        row_number() over (partition by user_id order by orders desc, {{ by_bytes('sales_channel') }}) as place
    from ordered_by
),

final as (
    select
        refunds.user_id, refunds.refund_rate, gaps.median_gap_days,
        categories.category as favourite_category,
        sales_channels.sales_channel as preferred_sales_channel
    from refunds
    left join gaps on refunds.user_id = gaps.user_id
    left join categories on refunds.user_id = categories.user_id and categories.place = 1
    left join sales_channels on refunds.user_id = sales_channels.user_id and sales_channels.place = 1
)

select * from final
