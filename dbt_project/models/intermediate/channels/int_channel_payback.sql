-- One row per acquired channel × acquired month with cost whose margin came to cover it:
-- the least k with the margin of orders up to k days after acquisition at or above the cost.
with orders as (
    select
        coalesce(users.acquired_channel_code, 'unknown') as channel_code,
        users.acquired_month,
        {{ days_between('orders.order_day', 'users.acquired_day') }} as age,
        orders.margin
    from {{ ref('int_users_acquired') }} as users
    inner join {{ ref('int_orders_counted') }} as orders on users.user_id = orders.user_id
    where users.acquired_day <= {{ business_date() }}
),

running as (
    select
        channel_code, acquired_month, age,
        sum(sum(margin)) over (partition by channel_code, acquired_month order by age) as margin_by_then
    from orders
    group by channel_code, acquired_month, age
),

final as (
    select
        running.channel_code,
        running.acquired_month,
        min(running.age) as payback_day
    from running
    inner join {{ ref('int_channel_costs') }} as costs
        on running.channel_code = costs.channel_code and running.acquired_month = costs.acquired_month
    where costs.cost <> 0 and running.margin_by_then >= costs.cost
    group by running.channel_code, running.acquired_month
)

select * from final
