-- One row per user × day of int_feature_days with a touch in the 90 days to it.
{% set age = days_between('days.as_of', 'touches.day') %}
with touches as (
    select users.user_id, touches.channel_code, {{ local_day('touches.occurred_at') }} as day
    from {{ ref('stg_touches') }} as touches
    inner join {{ ref('int_touches_users') }} as users on touches.touch_id = users.touch_id
    where touches.occurred_at >= {{ feature_window_start() }}
),

final as (
    select
        touches.user_id, days.as_of,
        cast(count(*) filter (where {{ age }} < 30) as int) as touches_30d,
        cast(count(distinct touches.channel_code) as int) as touch_channels_90d
    from touches
    inner join {{ ref('int_feature_days') }} as days on {{ age }} between 0 and 89
    group by touches.user_id, days.as_of
)

select * from final
