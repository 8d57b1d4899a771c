-- A span counts +1 on its first day and -1 on the day after its last: the running sum of both is the count.
{% set last_day = business_date() %}
{% set first_day = add_days(last_day, 1 - (var('lifecycle_daily_days') | int)) %}
with spans as (
    select stage, greatest(valid_from, {{ first_day }}) as valid_from, valid_to
    from {{ ref('int_lifecycle_spans') }}
    where valid_to >= {{ first_day }}
),

changes as (
    select valid_from as day, stage, count(*) as change from spans group by valid_from, stage
    union all
    select {{ add_days('valid_to', 1) }}, stage, -count(*)
    from spans
    where valid_to < {{ last_day }}
    group by valid_to, stage
),

-- Days without a change are counted too.
grid as (
    select days.day, stages.stage, 0 as change
    from ({{ day_spine(first_day, last_day) }}) as days
    cross join (select distinct stage from changes) as stages
),

moves as (
    select day, stage, sum(change) as change
    from (select day, stage, change from changes union all select day, stage, change from grid) as all_changes
    group by day, stage
),

counted as (
    select day, stage, cast(sum(change) over (partition by stage order by day) as bigint) as users
    from moves
)

select day, stage, users
from counted
where users > 0
