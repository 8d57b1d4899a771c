-- One row per user × day of int_feature_days with an activity in the 90 days to it.
{% set age = days_between('days.as_of', 'active.activity_day') %}
{% set dayparts = ['morning', 'afternoon', 'evening', 'night'] %}
with figures as (
    select
        active.user_id, days.as_of,
        {%- for window in [7, 30, 90] %}
        {%- for figure in ['activities', 'intents'] %}
        cast(coalesce(sum(active.{{ figure }}) filter (where {{ age }} < {{ window }}), 0) as int)
            as {{ figure }}_{{ window }}d,
        {%- endfor %}
        {%- endfor %}
        cast(count(*) filter (where {{ age }} < 30) as int) as active_days_30d,
        min({{ age }}) as days_since_activity,
        sum(case when {{ iso_weekday('active.activity_day') }} >= 6 then active.activities else 0 end) as at_weekends,
        {%- for daypart in dayparts %}
        sum(active.{{ daypart }}) as {{ daypart }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_user_active_days') }} as active
    inner join {{ ref('int_feature_days') }} as days on {{ age }} between 0 and 89
    group by active.user_id, days.as_of
),

final as (
    select
        user_id, as_of, activities_7d, activities_30d, activities_90d, intents_7d, intents_30d, intents_90d,
        active_days_30d, days_since_activity,
        {{ quotient('at_weekends', 'activities_90d') }} as weekend_activity_share,
        case greatest({{ dayparts | join(', ') }})
            {%- for daypart in dayparts %}
            when {{ daypart }} then '{{ daypart }}'
            {%- endfor %}
        end as active_daypart
    from figures
)

select * from final
