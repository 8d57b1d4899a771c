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
    select {{ add_days('valid_to', 1) }} as day, stage, -count(*) as change
    from spans
    where valid_to < {{ last_day }}
    group by valid_to, stage
),

grid as (
    select days.day, stages.stage
    from ({{ day_spine(first_day, last_day) }}) as days
    cross join (select distinct stage from changes) as stages
),

moves as (
    select grid.day, grid.stage, sum(coalesce(changes.change, 0)) as change
    from grid
    left join changes on grid.day = changes.day and grid.stage = changes.stage
    group by grid.day, grid.stage
),

counted as (
    select day, stage, cast(sum(change) over (partition by stage order by day) as bigint) as users
    from moves
)

select day, stage, users
from counted
where users > 0
