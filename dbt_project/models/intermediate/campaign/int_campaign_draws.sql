-- One row per campaign × thousandth of users (0 to 999, by hash of the user) with the day it draws: each day of first
-- pushes has its share of them, earliest first, from a place that a hash of the campaign gives. In thousandths, because
-- a user more or less then moves no other user's day.
with pushed as (
    select campaign_id, first_day, count(*) as users
    from {{ ref('int_campaign_first_pushes') }}
    group by campaign_id, first_day
),

days as (
    select
        campaign_id, first_day, users,
        {{ thousandth_of('campaign_id') }} as first_thousandth,
        sum(users) over (partition by campaign_id order by first_day) as users_by_then,
        sum(users) over (partition by campaign_id) as all_users
    from pushed
),

final as (
    select
        days.campaign_id,
        cast((draws.n + 1000 - days.first_thousandth) % 1000 as int) as thousandth,
        days.first_day as index_day
    from days
    inner join ({{ number_spine(999) }}) as draws
        on
            draws.n * days.all_users >= (days.users_by_then - days.users) * 1000
            and draws.n * days.all_users < days.users_by_then * 1000
)

select * from final
