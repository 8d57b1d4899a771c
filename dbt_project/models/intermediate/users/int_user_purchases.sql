-- What each user bought and when, as arrays: scoring reads the whole history every night, a night rewrites few users.
with counted as (
    select order_id, user_id, order_day, net
    from {{ ref('int_orders_counted') }}
    where user_id is not null
),

order_days as (
    -- Several orders of one day are one occasion to buy.
    select user_id, order_day, sum(net) as net
    from counted
    group by user_id, order_day
),

days as (
    select
        user_id,
        array_agg(order_day order by order_day) as order_days,
        array_agg(net order by order_day) as order_nets
    from order_days
    group by user_id
),

lines as (
    -- In one order: sums of floating-point scores hang on it in their last digits, and a night must give what a whole
    -- build gives.
    select
        counted.user_id,
        array_agg(lines.sku order by counted.order_day, counted.order_id, lines.line_no) as line_skus,
        array_agg(counted.order_day order by counted.order_day, counted.order_id, lines.line_no) as line_days
    from counted
    inner join {{ ref('int_order_lines') }} as lines on counted.order_id = lines.order_id
    group by counted.user_id
),

final as (
    select days.user_id, days.order_days, days.order_nets, lines.line_skus, lines.line_days
    from days
    left join lines on days.user_id = lines.user_id
)

select * from final
