-- One row per user × touch of its path: to the first counted order where there is one, else to the last touch.
-- A buyer without a touch in the window has the path `direct`. Ages are exact, the window is one of days.
{% set window_days = var('touch_window_days') %}
with first_orders as (

    select user_id, paid_at, net
    from {{ ref('int_orders_counted') }}
    where order_seq = 1

),

touches as (

    select
        mapped.user_id,
        touches.touch_id,
        touches.occurred_at,
        coalesce(touches.channel_code, 'unknown') as channel_code,
        orders.user_id is not null as is_conversion,
        coalesce(orders.net, 0) as net,
        coalesce(
            orders.paid_at, max(touches.occurred_at) over (partition by mapped.user_id)
        ) as ends_at
    from {{ ref('stg_touches') }} as touches
    inner join {{ ref('int_touches_users') }} as mapped on touches.touch_id = mapped.touch_id
    left join first_orders as orders on mapped.user_id = orders.user_id
    where {{ local_day('touches.occurred_at') }} <= {{ business_date() }}

),

in_window as (

    select * from touches
    where
        -- A touch in the same second as the order counts: clocks of two systems tell no more.
        date_trunc('second', occurred_at) <= ends_at
        and {{ local_day('ends_at') }} - {{ local_day('occurred_at') }} < {{ window_days }}

),

steps as (

    select user_id, touch_id, occurred_at, channel_code, is_conversion, net, ends_at from in_window
    union all
    select
        orders.user_id,
        null as touch_id,
        orders.paid_at as occurred_at,
        'direct' as channel_code,
        true as is_conversion,
        orders.net,
        orders.paid_at as ends_at
    from first_orders as orders
    where not exists (select 1 from in_window where in_window.user_id = orders.user_id)

),

numbered as (

    select
        *,
        extract(epoch from ends_at - occurred_at) / 86400 as age_days,
        row_number() over path as position,
        row_number() over (partition by user_id, channel_code order by occurred_at, {{ by_bytes('touch_id') }}) = 1
            as is_first_of_channel
    from steps
    window path as (partition by user_id order by occurred_at, {{ by_bytes('touch_id') }})

),

-- Cast to numeric before any sum, so that a sum is the same in whatever order rows come.
weighed as (

    select
        *,
        cast(power(0.5, cast(age_days / {{ var('attribution_half_life_days') }} as {{ type_double() }})) as numeric) as decay_weight
    from numbered

)

select
    user_id,
    cast(position as int) as position,
    channel_code,
    age_days,
    cast(count(*) over (partition by user_id) as int) as steps,
    is_first_of_channel,
    cast(count(*) filter (where is_first_of_channel) over (partition by user_id) as int) as channels,
    decay_weight / sum(decay_weight) over (partition by user_id) as decay_share,
    is_conversion,
    net
from weighed
