-- One row per user × touch of its path: to the first counted order where there is one, else to the last touch.
-- A buyer without a touch in the window has the path `direct`. Ages are exact, the window is one of days.
{% set last_day = business_date() %}
{% set half_life = var('attribution_half_life_days') * 86400000000 %}
with touches as (
    select
        user_id, touch_id, occurred_at,
        {{ local_day('occurred_at') }} as day,
        coalesce(channel_code, 'unknown') as channel_code
    from {{ ref('int_touches_users') }}
    where occurred_at < {{ start_of_day(add_days(last_day, 1)) }}
),

first_orders as (
    select user_id, paid_at, order_day, net from {{ ref('int_orders_counted') }} where order_seq = 1
),

ends as (
    select user_id, true as is_conversion, net, paid_at as ended_at, order_day as end_day from first_orders
    union all
    select user_id, false as is_conversion, 0 as net, max(occurred_at) as ended_at, max(day) as end_day
    from touches
    where not exists (select 1 from first_orders where first_orders.user_id = touches.user_id)
    group by user_id
),

steps as (
    select
        ends.user_id, ends.is_conversion, ends.net, touches.touch_id,
        coalesce(touches.channel_code, 'direct') as channel_code,
        coalesce(touches.occurred_at, ends.ended_at) as occurred_at,
        coalesce({{ microseconds_between('ends.ended_at', 'touches.occurred_at') }}, 0) as age_microseconds
    from ends
    left join touches
        on
            ends.user_id = touches.user_id
            -- A touch in the same second as the order counts: clocks of two systems tell no more.
            and ends.ended_at >= date_trunc('second', touches.occurred_at)
            and {{ days_between('ends.end_day', 'touches.day') }} < {{ var('touch_window_days') }}
),

-- Weights are whole numbers (1 is 2^40), so that a sum is the same in whatever order rows come.
numbered as (
    select
        *,
        row_number() over (partition by user_id order by occurred_at, {{ by_bytes('touch_id') }}) as position,
        row_number() over (
            partition by user_id, channel_code order by occurred_at, {{ by_bytes('touch_id') }}
        ) as place_in_channel,
        cast(
            floor(
                power(
                    cast(0.5 as {{ type_double() }}), cast(age_microseconds as {{ type_double() }}) / {{ half_life }}
                ) * 1099511627776
            ) as bigint
        ) as decay_weight
    from steps
),

weighed as (
    select
        *,
        count(*) over (partition by user_id) as steps,
        sum(case when place_in_channel = 1 then 1 else 0 end) over (partition by user_id) as channels,
        sum(decay_weight) over (partition by user_id) as path_weight
    from numbered
),

final as (
    select
        user_id,
        cast(position as int) as position,
        channel_code,
        age_microseconds,
        cast(steps as int) as steps,
        place_in_channel = 1 as is_first_of_channel,
        cast(channels as int) as channels,
        cast({{ ratio('decay_weight', 'path_weight', 12) }} as decimal(20, 12)) as decay_share,
        is_conversion,
        {{ money('net') }} as net
    from weighed
)

select * from final
