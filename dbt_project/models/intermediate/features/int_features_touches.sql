-- One row per user × day of int_feature_days with a touch in the 90 days to it.
select
    touches.user_id, days.as_of,
    cast(count(*) filter (where touches.occurred_at >= days.since_30d) as int) as touches_30d,
    cast(count(distinct touches.channel_code) as int) as touch_channels_90d
from {{ ref('int_touches_users') }} as touches
inner join {{ ref('int_feature_days') }} as days
    on touches.occurred_at >= days.since_90d and touches.occurred_at < days.ends_at
group by touches.user_id, days.as_of
