-- One row per acquired channel × acquired month with cost whose margin came to cover it:
-- the least k with the margin of orders up to k days after acquisition at or above the cost.
with margin_by_age as (

    select
        coalesce(users.acquired_channel_code, 'unknown') as channel_code,
        users.acquired_month,
        orders.order_day - users.acquired_day as age,
        sum(orders.margin) as margin
    from {{ ref('int_users_acquired') }} as users
    inner join {{ ref('int_orders_counted') }} as orders on users.user_id = orders.user_id
    where users.acquired_day <= {{ business_date() }}
    group by 1, 2, 3

),

running as (

    select
        channel_code,
        acquired_month,
        age,
        sum(margin) over (partition by channel_code, acquired_month order by age) as margin_by_then
    from margin_by_age

)

select
    running.channel_code,
    running.acquired_month,
    min(running.age) as payback_day
from running
inner join {{ ref('int_channel_costs') }} as costs
    on running.channel_code = costs.channel_code and running.acquired_month = costs.acquired_month
where running.margin_by_then >= costs.cost
group by running.channel_code, running.acquired_month
