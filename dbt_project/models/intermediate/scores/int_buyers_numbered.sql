-- One row per buyer with what the value models are fitted on: the history to D, the history to the cut that holds the
-- last days out, and what came after the cut. Numbered from 0: scoring knows numbers alone.
{% set cut = add_days(business_date(), -var('value_holdout_days')) %}
with order_days as (
    select
        user_id, order_day, net,
        min(order_day) over (partition by user_id) as first_day
    from {{ ref('int_user_order_days') }}
),

summed as (
    select
        user_id,
        first_day,
        cast(count(*) as int) as days,
        max(order_day) as last_day,
        coalesce(sum(net) filter (where order_day > first_day), 0) as repeat_net,
        cast(count(*) filter (where order_day <= {{ cut }}) as int) as days_to_cut,
        max(order_day) filter (where order_day <= {{ cut }}) as last_day_to_cut,
        coalesce(sum(net) filter (where order_day > first_day and order_day <= {{ cut }}), 0) as cut_repeat_net,
        coalesce(sum(net) filter (where order_day > {{ cut }}), 0) as held_net
    from order_days
    group by user_id, first_day
),

final as (
    select
        user_id,
        cast(row_number() over (order by {{ by_bytes('user_id') }}) - 1 as int) as user_no,
        days - 1 as frequency,
        {{ days_between('last_day', 'first_day') }} as recency_days,
        {{ days_between(business_date(), 'first_day') }} as age_days,
        repeat_net,
        days_to_cut - 1 as cut_frequency,
        coalesce({{ days_between('last_day_to_cut', 'first_day') }}, 0) as cut_recency_days,
        {{ days_between(cut, 'first_day') }} as cut_age_days,
        cut_repeat_net,
        days - days_to_cut as held_order_days,
        held_net
    from summed
)

select * from final
