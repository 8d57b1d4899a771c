-- Change points of the stages before the first order, those to come included.
-- A stage can change only on the acquired day, when the zombie bound is reached, on a day with an activity and when
-- the window of one ends: those days are looked at.
with prospects as (

    select
        user_id,
        acquired_day,
        coalesce(first_order_day - 1, 'infinity') as last_day
    from {{ ref('int_users_acquired') }}
    where
        acquired_day <= {{ business_date() }}
        and (first_order_day is null or first_order_day > acquired_day)

),

active_days as (

    select
        activities.user_id,
        activities.activity_day,
        max(activities.activity_day) filter (where activities.is_intent) as intent_day
    from {{ ref('int_user_activities') }} as activities
    inner join prospects using (user_id)
    where
        activities.activity_day <= prospects.last_day
        and activities.activity_day > prospects.acquired_day
        - greatest({{ var('lifecycle_intent_days') }}, {{ var('lifecycle_zombie_days') }})
    group by activities.user_id, activities.activity_day

),

candidates as (

    select user_id, acquired_day as day, cast(null as date) as active_on, cast(null as date) as intent_on from prospects
    union all
    select user_id, acquired_day + {{ var('lifecycle_zombie_days') }}, null, null from prospects
    union all
    select user_id, activity_day as day, activity_day as active_on, intent_day as intent_on from active_days
    union all
    select user_id, activity_day + {{ var('lifecycle_zombie_days') }}, null, null from active_days
    union all
    select user_id, intent_day + {{ var('lifecycle_intent_days') }}, null, null
    from active_days
    where intent_day is not null

),

-- The default frame of an ordered window takes in all rows of the same day.
looked_at as (

    select
        user_id,
        day,
        max(active_on) over latest as last_activity_day,
        max(intent_on) over latest as last_intent_day
    from candidates
    window latest as (partition by user_id order by day)

)

select distinct
    looked_at.user_id,
    looked_at.day,
    case
        when looked_at.day - looked_at.last_intent_day < {{ var('lifecycle_intent_days') }} then 'prospect_strong'
        when
            looked_at.day - prospects.acquired_day >= {{ var('lifecycle_zombie_days') }}
            and coalesce(looked_at.day - looked_at.last_activity_day >= {{ var('lifecycle_zombie_days') }}, true)
            then 'zombie'
        else 'prospect_weak'
    end as stage
from looked_at
inner join prospects using (user_id)
where looked_at.day between prospects.acquired_day and prospects.last_day
