-- Two neighbouring spans of one stage are one span.
select user_id, valid_from
from (
    select
        user_id,
        valid_from,
        stage,
        lag(stage) over (partition by user_id order by valid_from) as stage_before
    from {{ ref('lifecycle_history') }}
) as neighbours
where stage = stage_before
