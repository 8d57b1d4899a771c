-- Users in a stage = those of the day before + moves in - moves out, on every day of the window but its first.
with signed as (
    select day, to_stage as stage, users as change from {{ ref('lifecycle_moves') }}
    union all
    select day, from_stage, -users from {{ ref('lifecycle_moves') }} where from_stage is not null
    union all
    select day, stage, -users from {{ ref('lifecycle_daily') }}
    union all
    select {{ add_days('day', 1) }}, stage, users from {{ ref('lifecycle_daily') }} where day < {{ business_date() }}
),

changes as (
    select day, stage, sum(change) as change from signed group by day, stage
)

select day, stage, change
from changes
where change <> 0 and day > {{ add_days(business_date(), 1 - (var('lifecycle_daily_days') | int)) }}
