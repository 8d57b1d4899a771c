-- Positions of a path are 1 to its length, its decay shares sum to 1, and a path outlasts no window.
select
    user_id,
    count(*) as rows_found,
    max(steps) as steps,
    sum(decay_share) as decay_shares,
    max(age_days) as oldest
from {{ ref('int_attribution_paths') }}
group by user_id
having
    count(*) <> max(steps)
    or count(distinct position) <> max(steps)
    or max(position) <> max(steps)
    or count(distinct channel_code) <> max(channels)
    or abs(sum(decay_share) - 1) > 1e-12
    or min(age_days) * 86400 <= -1
    or max(age_days) >= {{ var('touch_window_days') }}
