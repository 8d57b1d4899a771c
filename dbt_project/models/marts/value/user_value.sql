with buyers as (
    select * from {{ ref('int_buyers_numbered') }}
),

scores as (
    -- Rounded before they are multiplied, so that a reader can do the sum again.
    select
        user_no,
        cast(p_alive as decimal(18, 6)) as p_alive,
        cast(expected_orders_90d as decimal(18, 6)) as expected_orders_90d,
        cast(expected_orders_365d as decimal(18, 6)) as expected_orders_365d,
        cast(expected_net_per_order as decimal(18, 2)) as expected_net_per_order
    from {{ ref('stg_score_user_values') }}
),

final as (
    select
        buyers.user_id, buyers.frequency,
        {{ ratio('buyers.recency_days', '7', 4) }} as recency_weeks,
        {{ ratio('buyers.age_days', '7', 4) }} as age_weeks,
        scores.p_alive, scores.expected_orders_90d, scores.expected_orders_365d, scores.expected_net_per_order,
        cast(scores.expected_orders_365d * scores.expected_net_per_order as decimal(18, 2)) as clv_365
    from buyers
    inner join scores on buyers.user_no = scores.user_no
)

select * from final
