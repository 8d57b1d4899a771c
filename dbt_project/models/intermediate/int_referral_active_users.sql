-- One row per month with activity of users that have an acquired day: how many were active in it.
with user_months as (
    select distinct user_id, date_trunc('month', activity_day)::date as month
    from {{ ref('int_user_activities') }}
    where activity_day <= {{ business_date() }}
),

final as (
    select user_months.month, count(*) as users
    from user_months
    inner join {{ ref('int_users_acquired') }} as users on user_months.user_id = users.user_id
    where users.acquired_day <= {{ business_date() }}
    group by user_months.month
)

select * from final
