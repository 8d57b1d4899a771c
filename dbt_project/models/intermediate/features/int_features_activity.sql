-- One row per user × day of int_feature_days with an activity in the 90 days to it.
-- First put together by user and day, so that each instant is read once.
{% set dayparts = {'morning': [6, 11], 'afternoon': [12, 17], 'evening': [18, 23], 'night': [0, 5]} %}
with activities as (
    select
        user_id, activity_day, is_intent,
        cast(extract(hour from activity_at at time zone {{ business_timezone() }}) as int) as hour
    from {{ ref('int_user_activities') }}
),

active_days as (
    select
        user_id, activity_day,
        count(*) as activities,
        count(*) filter (where is_intent) as intents,
        {%- for daypart, (first, last) in dayparts.items() %}
        count(*) filter (where hour between {{ first }} and {{ last }}) as {{ daypart }}{{ ',' if not loop.last }}
        {%- endfor %}
    from activities
    group by user_id, activity_day
),

figures as (
    select
        active.user_id, days.as_of,
        {%- for window in [7, 30, 90] %}
        cast(coalesce(sum(active.activities) filter (where days.as_of - active.activity_day < {{ window }}), 0) as int)
            as activities_{{ window }}d,
        cast(coalesce(sum(active.intents) filter (where days.as_of - active.activity_day < {{ window }}), 0) as int)
            as intents_{{ window }}d,
        {%- endfor %}
        cast(count(*) filter (where days.as_of - active.activity_day < 30) as int) as active_days_30d,
        days.as_of - max(active.activity_day) as days_since_activity,
        coalesce(sum(active.activities) filter (where extract(isodow from active.activity_day) >= 6), 0)
            as weekend_activities,
        {%- for daypart in dayparts %}
        sum(active.{{ daypart }}) as {{ daypart }}{{ ',' if not loop.last }}
        {%- endfor %}
    from active_days as active
    inner join {{ ref('int_feature_days') }} as days
        on days.as_of - active.activity_day between 0 and 89
    group by active.user_id, days.as_of
),

final as (
    select
        user_id, as_of, activities_7d, activities_30d, activities_90d, intents_7d, intents_30d, intents_90d,
        active_days_30d, days_since_activity,
        {{ ratio('weekend_activities', 'activities_90d') }} as weekend_activity_share,
        case greatest({{ dayparts | join(', ') }})
            {%- for daypart in dayparts %}
            when {{ daypart }} then '{{ daypart }}'
            {%- endfor %}
        end as active_daypart
    from figures
)

select * from final
