with recent as (
    select
        user_id,
        {{ business_date() }} - max(order_day) as recency_days,
        count(*)::int as frequency,
        sum(net) as monetary
    from {{ ref('int_orders_counted') }}
    where user_id is not null and {{ business_date() }} - order_day between 0 and {{ var('rfm_days') }} - 1
    group by user_id
),

ranked as (
    -- Whole numbers alone: ceil(5 x rank with ties last / n) must not hang on a rounding.
    select
        *,
        count(*) over () as users,
        count(*) over (order by recency_days desc) as recency_rank,
        count(*) over (order by frequency) as frequency_rank,
        count(*) over (order by monetary) as monetary_rank
    from recent
),

scored as (
    select
        user_id, recency_days, frequency, monetary, users,
        ((5 * recency_rank + users - 1) / users)::int as r,
        ((5 * frequency_rank + users - 1) / users)::int as f,
        ((5 * monetary_rank + users - 1) / users)::int as m
    from ranked
),

compared as (
    select
        *,
        case when r * users > sum(r) over () then 'H' else 'L' end
        || case when f * users > sum(f) over () then 'H' else 'L' end
        || case when m * users > sum(m) over () then 'H' else 'L' end as pattern
    from scored
),

final as (
    select
        user_id, recency_days, frequency, monetary, r, f, m,
        case pattern
            when 'HHH' then 'champions'
            when 'LHH' then 'at_risk_champions'
            when 'HLH' then 'promising_big'
            when 'LLH' then 'lost_big'
            when 'HHL' then 'loyal_small'
            when 'LHL' then 'at_risk_small'
            when 'HLL' then 'new_small'
            when 'LLL' then 'lost_small'
        end as segment
    from compared
)

select * from final
