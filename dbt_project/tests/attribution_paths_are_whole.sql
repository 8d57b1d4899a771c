-- Positions of a path are 1 to its length, its decay shares sum to 1 but for their rounding, and a path outlasts no
-- window.
select
    user_id,
    count(*) as rows_found,
    max(steps) as steps,
    sum(decay_share) as decay_shares,
    max(age_microseconds) as oldest
from {{ ref('int_attribution_paths') }}
group by user_id
having
    count(*) <> max(steps)
    or count(distinct position) <> max(steps)
    or max(position) <> max(steps)
    or count(distinct channel_code) <> max(channels)
    or abs(sum(decay_share) - 1) > 0.0000000000005 * max(steps)
    or min(age_microseconds) <= -1000000
    or max(age_microseconds) >= {{ var('touch_window_days') }} * 86400000000
