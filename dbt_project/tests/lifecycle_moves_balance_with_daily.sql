-- Users in a stage = those of the day before + moves in - moves out, on every day of the window but its first.
with changes as (

    select day, stage, sum(change) as change
    from (
        select day, to_stage as stage, users as change from {{ ref('lifecycle_moves') }}
        union all
        select day, from_stage, -users from {{ ref('lifecycle_moves') }} where from_stage is not null
        union all
        select day, stage, -users from {{ ref('lifecycle_daily') }}
        union all
        select day + 1, stage, users from {{ ref('lifecycle_daily') }} where day < {{ business_date() }}
    ) as signed
    group by day, stage

)

select day, stage, change
from changes
where change <> 0 and day > {{ business_date() }} - {{ var('lifecycle_daily_days') | int - 1 }}
