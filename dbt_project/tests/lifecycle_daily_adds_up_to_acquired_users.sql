-- The stages of a day together hold the users acquired by then.
with acquired as (

    select
        acquired_day as day,
        sum(count(*)) over (order by acquired_day) as users
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ business_date() }}
    group by acquired_day

),

days as (

    select {{ business_date() }} - day_number as day
    from generate_series(0, {{ var('lifecycle_daily_days') | int - 1 }}) as day_number

),

expected as (

    select
        days.day,
        coalesce(max(acquired.users), 0) as users
    from days
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
