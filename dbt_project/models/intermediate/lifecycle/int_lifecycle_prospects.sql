-- Change points of the stages before the first order, those to come included.
-- A stage can change only on the acquired day, when the zombie bound is reached, on a day with an activity and when
-- the window of one ends: those days are looked at.
{% set intent_days = var('lifecycle_intent_days') %}
{% set zombie_days = var('lifecycle_zombie_days') %}
with prospects as (
    select user_id, acquired_day, first_order_day
    from {{ ref('int_users_acquired') }}
    where
        acquired_day <= {{ business_date() }}
        and (first_order_day is null or first_order_day > acquired_day)
),

active_days as (
    select
        activities.user_id,
        activities.activity_day,
        case when activities.intents > 0 then activities.activity_day end as intent_day
    from {{ ref('int_user_active_days') }} as activities
    inner join prospects on activities.user_id = prospects.user_id
    where
        (prospects.first_order_day is null or activities.activity_day < prospects.first_order_day)
        and {{ days_between('prospects.acquired_day', 'activities.activity_day') }}
        < greatest({{ intent_days }}, {{ zombie_days }})
),

candidates as (
    select user_id, acquired_day as day, cast(null as date) as active_on, cast(null as date) as intent_on
    from prospects
    union all
    select user_id, {{ add_days('acquired_day', zombie_days) }}, null, null from prospects
    union all
    select user_id, activity_day as day, activity_day as active_on, intent_day as intent_on from active_days
    union all
    select user_id, {{ add_days('activity_day', zombie_days) }}, null, null from active_days
    union all
    select user_id, {{ add_days('intent_day', intent_days) }}, null, null from active_days where intent_day is not null
),

days as (
    select user_id, day, max(active_on) as active_on, max(intent_on) as intent_on
    from candidates
    group by user_id, day
),

looked_at as (
    select
        user_id,
        day,
        max(active_on) over so_far as last_activity_day,
        max(intent_on) over so_far as last_intent_day
    from days
    window so_far as (partition by user_id order by day)
),

final as (
    select
        looked_at.user_id,
        looked_at.day,
        case
            when {{ days_between('looked_at.day', 'looked_at.last_intent_day') }} < {{ intent_days }}
                then 'prospect_strong'
            when
                {{ days_between('looked_at.day', 'prospects.acquired_day') }} >= {{ zombie_days }}
                and coalesce(
                    {{ days_between('looked_at.day', 'looked_at.last_activity_day') }} >= {{ zombie_days }}, true
                )
                then 'zombie'
            else 'prospect_weak'
        end as stage
    from looked_at
    inner join prospects on looked_at.user_id = prospects.user_id
    where
        looked_at.day >= prospects.acquired_day
        and (prospects.first_order_day is null or looked_at.day < prospects.first_order_day)
)

select * from final
