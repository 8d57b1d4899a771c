-- One row per user × interval of one stage from the acquired day on, without gap or overlap: the change points put in
-- order, those that change nothing left out. Intervals that D has not reached stand here too, the last one open.
with points as (
    select user_id, day, stage from {{ ref('int_lifecycle_prospects') }}
    union all
    select user_id, day, stage from {{ ref('int_lifecycle_order_days') }}
),

compared as (
    select user_id, day, stage, lag(stage) over (partition by user_id order by day) as stage_before
    from points
),

final as (
    select
        user_id,
        stage,
        day as valid_from,
        {{ add_days('lead(day) over (partition by user_id order by day)', -1) }} as valid_to
    from compared
    where stage_before is null or stage <> stage_before
)

select * from final
