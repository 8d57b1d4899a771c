-- One row per user × month-end with figures that other people's orders move: ranks, slow movers, referrals.
{{ config(materialized='view') }}
select
    user_id, as_of, scored.r, scored.f, scored.m, scored.segment,
    slow.slow_mover_orders_30d,
    brought.referrals, brought.referrals_90d, brought.referred_buyers
from {{ ref('int_user_rfm') }} as scored
full join {{ ref('int_features_slow_movers') }} as slow using (user_id, as_of)
full join {{ ref('int_features_referrals') }} as brought using (user_id, as_of)
where as_of in (select days.as_of from {{ ref('int_feature_days') }} as days where days.is_checkpoint)
