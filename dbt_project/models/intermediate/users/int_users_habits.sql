-- Buying habits of each user: share refunded, days between orders, favourite category, preferred sales channel.
with refunds as (
    select mapped.user_id, {{ ratio('sum(priced.refunded)', 'sum(priced.paid)') }} as refund_rate
    from {{ ref('int_orders_priced') }} as priced
    inner join {{ ref('map_order_user') }} as mapped on priced.order_id = mapped.order_id
    group by mapped.user_id
),

counted as (
    select * from {{ ref('int_orders_counted') }} where user_id is not null
),

order_days as (
    select
        user_id,
        order_day - lag(order_day) over (partition by user_id order by order_day) as gap_days
    from (select distinct user_id, order_day from counted) as days
),

gaps as (
    select user_id, cast(percentile_cont(0.5) within group (order by gap_days) as numeric) as median_gap_days
    from order_days
    where gap_days is not null
    group by user_id
),

spent as (
    -- A line's amount is in the currency of its order: only converted ones can be weighed against each other.
    select
        counted.user_id, lines.category,
        sum({{ in_business_currency('lines.line_amount', 'priced.currency', 'priced.rate') }}) as amount
    from counted
    inner join {{ ref('int_orders_priced') }} as priced on counted.order_id = priced.order_id
    inner join {{ ref('int_order_lines') }} as lines on counted.order_id = lines.order_id
    where lines.category is not null
    group by counted.user_id, lines.category
),

categories as (
    select distinct on (user_id) user_id, category as favourite_category
    from spent
    order by user_id, amount desc, {{ by_bytes('category') }}
),

sales_channels as (
    select distinct on (user_id) user_id, sales_channel as preferred_sales_channel
    from counted
    where sales_channel is not null
    group by user_id, sales_channel
    order by user_id, count(*) desc, {{ by_bytes('sales_channel') }}
),

final as (
    select
        refunds.user_id, refunds.refund_rate, gaps.median_gap_days, categories.favourite_category,
        sales_channels.preferred_sales_channel
    from refunds
    left join gaps on refunds.user_id = gaps.user_id
    left join categories on refunds.user_id = categories.user_id
    left join sales_channels on refunds.user_id = sales_channels.user_id
)

select * from final
