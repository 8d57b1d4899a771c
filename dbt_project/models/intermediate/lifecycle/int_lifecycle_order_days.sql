-- Change points of the stages of users with an order: a function of their order days alone, those to come included,
-- so that time alone changes no row. On a night that builds on the last one: touched users only.
-- Every order day opens one band a stage; a later order day cuts the bands of the one before.
with order_days as (

    select
        user_id,
        order_day,
        sum(count(*)) over (partition by user_id order by order_day) as orders_by_then,
        lag(order_day) over (partition by user_id order by order_day) as previous_order_day,
        lead(order_day) over (partition by user_id order by order_day) as next_order_day
    from {{ ref('int_orders_counted') }}
    where user_id is not null
    group by user_id, order_day

),

fresh as (

    select
        *,
        case
            when order_day - previous_order_day > {{ var('lifecycle_won_back_days') }} then 'won_back'
            when orders_by_then = 1 then 'new'
            when orders_by_then >= {{ var('lifecycle_loyal_orders') }} then 'loyal'
            else 'active'
        end as fresh_stage
    from order_days

)

select
    fresh.user_id,
    fresh.order_day + band.first_gap as day,
    band.stage
from fresh
cross join lateral (
    values
        (0, fresh.fresh_stage),
        ({{ var('lifecycle_at_risk_days') }} + 1, 'at_risk'),
        ({{ var('lifecycle_dormant_days') }} + 1, 'dormant'),
        ({{ var('lifecycle_lost_days') }} + 1, 'lost')
) as band (first_gap, stage)
where fresh.next_order_day is null or fresh.order_day + band.first_gap < fresh.next_order_day
