-- A span counts +1 on its first day and -1 on the day after its last: the running sum of both is the count.
{% set last_day = business_date() %}
{% set first_day = last_day ~ ' - ' ~ (var('lifecycle_daily_days') | int - 1) %}
with spans as (

    select
        stage,
        greatest(valid_from, {{ first_day }}) as valid_from,
        valid_to
    from {{ ref('int_lifecycle_spans') }}
    where valid_to >= {{ first_day }}

),

changes as (

    select valid_from as day, stage, count(*) as change from spans group by valid_from, stage
    union all
    select valid_to + 1, stage, -count(*) from spans where valid_to < {{ last_day }} group by valid_to, stage

),

grid as (

    select
        {{ first_day }} + day_number as day,
        stages.stage
    from generate_series(0, {{ var('lifecycle_daily_days') | int - 1 }}) as day_number
    cross join (select distinct stage from changes) as stages

),

counted as (

    select
        grid.day,
        grid.stage,
        sum(sum(coalesce(changes.change, 0))) over (partition by grid.stage order by grid.day) as users
    from grid
    left join changes on grid.day = changes.day and grid.stage = changes.stage
    group by grid.day, grid.stage

)

select
    day,
    stage,
    cast(users as bigint) as users
from counted
where users > 0
