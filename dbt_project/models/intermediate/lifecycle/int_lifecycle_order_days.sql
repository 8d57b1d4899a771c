-- Change points of the stages of users with an order, those to come included. Every order day opens one band a stage;
-- a later order day cuts the bands of the one before.
with order_days as (
    select user_id, order_day, cast(count(*) as int) as orders
    from {{ ref('int_orders_counted') }}
    where user_id is not null
    group by user_id, order_day
),

neighbours as (
    select
        user_id,
        order_day,
        sum(orders) over days as orders_by_then,
        lag(order_day) over days as previous_order_day,
        lead(order_day) over days as next_order_day
    from order_days
    window days as (partition by user_id order by order_day)
),

bands as (
    select 0 as first_gap, 'fresh' as stage
    union all
    select {{ var('lifecycle_at_risk_days') }} + 1, 'at_risk'
    union all
    select {{ var('lifecycle_dormant_days') }} + 1, 'dormant'
    union all
    select {{ var('lifecycle_lost_days') }} + 1, 'lost'
),

final as (
    select
        neighbours.user_id,
        {{ add_days('neighbours.order_day', 'bands.first_gap') }} as day,
        case
            when bands.stage <> 'fresh' then bands.stage
            when
                {{ days_between('neighbours.order_day', 'neighbours.previous_order_day') }}
                > {{ var('lifecycle_won_back_days') }}
                then 'won_back'
            when neighbours.orders_by_then = 1 then 'new'
            when neighbours.orders_by_then >= {{ var('lifecycle_loyal_orders') }} then 'loyal'
            else 'active'
        end as stage
    from neighbours
    inner join bands
        on
            neighbours.next_order_day is null
            or {{ days_between('neighbours.next_order_day', 'neighbours.order_day') }} > bands.first_gap
)

select * from final
