{# Numbers and scores must never disagree: whoever numbers the buyers anew empties the scores of the old numbers. #}
{% set cut = business_date() ~ ' - ' ~ var('value_holdout_days') %}
with buyers as (
    select
        user_id, order_days, order_nets,
        order_days[1] as first_day,
        cardinality(order_days) as days
    from {{ ref('int_user_purchases') }}
),

summed as (
    select
        buyers.*,
        sums.net, sums.days_to_cut, sums.last_day_to_cut, sums.net_to_cut
    from buyers
    cross join lateral (
        select
            sum(orders.net) as net,
            cast(count(*) filter (where orders.day <= {{ cut }}) as int) as days_to_cut,
            max(orders.day) filter (where orders.day <= {{ cut }}) as last_day_to_cut,
            coalesce(sum(orders.net) filter (where orders.day <= {{ cut }}), 0) as net_to_cut
        from unnest(buyers.order_days, buyers.order_nets) as orders (day, net)
    ) as sums
),

final as (
    select
        user_id,
        cast(row_number() over (order by {{ by_bytes('user_id') }}) as int) - 1 as user_no,
        days - 1 as frequency,
        order_days[days] - first_day as recency_days,
        {{ business_date() }} - first_day as age_days,
        net - order_nets[1] as repeat_net,
        days_to_cut - 1 as cut_frequency,
        coalesce(last_day_to_cut - first_day, 0) as cut_recency_days,
        {{ cut }} - first_day as cut_age_days,
        case when days_to_cut > 0 then net_to_cut - order_nets[1] else 0 end as cut_repeat_net,
        days - days_to_cut as held_order_days,
        net - net_to_cut as held_net
    from summed
)

select * from final
