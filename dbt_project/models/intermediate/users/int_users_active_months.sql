-- One row per user × month with any activity; a user without acquired day stands in no lifecycle figure.
select
    activities.user_id,
    {{ month_of('activities.activity_day') }} as month
from {{ ref('int_user_active_days') }} as activities
inner join {{ ref('int_users_acquired') }} as users on activities.user_id = users.user_id
where users.acquired_day <= {{ business_date() }}
group by activities.user_id, {{ month_of('activities.activity_day') }}
