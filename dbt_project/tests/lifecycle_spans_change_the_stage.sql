-- Two neighbouring spans of one stage are one span.
with neighbours as (
    select
        user_id,
        valid_from,
        stage,
        lag(stage) over (partition by user_id order by valid_from) as stage_before
    from {{ ref('lifecycle_history') }}
)

select user_id, valid_from
from neighbours
where stage = stage_before
