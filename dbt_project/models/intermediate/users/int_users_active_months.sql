-- One row per user × month with any activity; a user without acquired day stands in no lifecycle figure.
{{ config(indexes=[{'columns': ['user_id', 'month'], 'unique': true}]) }}
select
    activities.user_id,
    date_trunc('month', activities.activity_day)::date as month
from {{ ref('int_user_activities') }} as activities
inner join {{ ref('int_users_acquired') }} as users on activities.user_id = users.user_id
where users.acquired_day <= {{ business_date() }} and {{ touched('users.user_id') }}
group by 1, 2
