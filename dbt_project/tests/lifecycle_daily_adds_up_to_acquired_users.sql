-- The stages of a day together hold the users acquired by then.
{% set last_day = business_date() %}
with acquired as (
    select acquired_day as day, count(*) as users
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ last_day }}
    group by acquired_day
),

expected as (
    select days.day, coalesce(sum(acquired.users), 0) as users
    from ({{ day_spine(add_days(last_day, 1 - (var('lifecycle_daily_days') | int)), last_day) }}) as days
    left join acquired on days.day >= acquired.day
    group by days.day
),

counted as (
    select day, sum(users) as users from {{ ref('lifecycle_daily') }} group by day
)

select
    expected.day,
    expected.users,
    counted.users as counted
from expected
full outer join counted on expected.day = counted.day
where coalesce(expected.users, -1) <> coalesce(counted.users, 0)
