-- One row per user × day of int_feature_days with a counted order in the 365 days to it: scores and segment. A score is a
-- fifth of the users, or by the business's own cut points.
with recent as (
    select user_id, as_of, recency_days, orders_365d as frequency, net_365d as monetary
    from {{ ref('int_features_orders') }}
    where orders_365d > 0
),

ranked as (
    -- ceil(5 x rank with ties last / n) in whole numbers, so that no rounding decides a score.
    select
        *,
        count(*) over (partition by as_of) as users,
        count(*) over (partition by as_of order by recency_days desc) as recency_rank,
        count(*) over (partition by as_of order by frequency) as frequency_rank,
        count(*) over (partition by as_of order by monetary) as monetary_rank
    from recent
),

scored as (
    select
        user_id, as_of, recency_days, frequency, monetary, users,
        {%- for score, figure, rank in [
            ('r', 'recency_days', 'recency_rank'), ('f', 'frequency', 'frequency_rank'), ('m', 'monetary', 'monetary_rank'),
        ] %}
        {{ rfm_score(figure, integer_quotient('5 * ' ~ rank ~ ' + users - 1', 'users')) }} as {{ score }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from ranked
),

compared as (
    select
        *,
        case when r * users > sum(r) over everyone then 'H' else 'L' end
        || case when f * users > sum(f) over everyone then 'H' else 'L' end
        || case when m * users > sum(m) over everyone then 'H' else 'L' end as pattern
    from scored
    window everyone as (partition by as_of)
),

final as (
    select
        user_id, as_of, recency_days, frequency, monetary, r, f, m,
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
