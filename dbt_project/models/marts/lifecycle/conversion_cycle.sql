-- A category's first orders are users' first counted orders that hold it; a first touch after the order says nothing.
with firsts as (
    select
        orders.category,
        count(*) as first_orders,
        {{ median(days_between('orders.order_day', 'touches.first_touch_day')) }} as median_days
    from {{ ref('int_category_orders') }} as orders
    inner join {{ ref('int_users_first_touches') }} as touches
        on orders.user_id = touches.user_id and orders.paid_at >= touches.first_touch_at
    where orders.order_seq = 1
    group by orders.category
),

-- The last purchase of a user in a category has no gap after it.
order_days as (
    select category, {{ days_between('holds_to', 'order_day') }} + 1 as gap_days
    from {{ ref('int_user_category_days') }}
    where category is not null
),

gaps as (
    select category, count(gap_days) as gaps, {{ median('gap_days') }} as median_days
    from order_days
    group by category
),

final as (
    select
        gaps.category,
        firsts.median_days as median_days_touch_to_first_order,
        gaps.median_days as median_days_between_orders,
        coalesce(firsts.first_orders, 0) as first_orders,
        gaps.gaps
    from gaps
    left join firsts on gaps.category = firsts.category
)

select * from final
