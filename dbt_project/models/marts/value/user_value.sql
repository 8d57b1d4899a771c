with buyers as (
    select * from {{ ref('int_buyers_numbered') }}
),

scores as (
    select * from {{ ref('stg_score_user_values') }}
),

rounded as (
    -- Rounded before they are multiplied, so that a reader can do the sum again.
    select
        user_no,
        trim_scale(round(p_alive, 6)) as p_alive,
        trim_scale(round(expected_orders_90d, 6)) as expected_orders_90d,
        trim_scale(round(expected_orders_365d, 6)) as expected_orders_365d,
        round(expected_net_per_order, 2) as expected_net_per_order
    from scores
),

final as (
    select
        buyers.user_id, buyers.frequency,
        trim_scale(round(buyers.recency_days / 7.0, 4)) as recency_weeks,
        trim_scale(round(buyers.age_days / 7.0, 4)) as age_weeks,
        rounded.p_alive, rounded.expected_orders_90d, rounded.expected_orders_365d, rounded.expected_net_per_order,
        round(rounded.expected_orders_365d * rounded.expected_net_per_order, 2) as clv_365
    from buyers
    inner join rounded on buyers.user_no = rounded.user_no
)

select * from final
