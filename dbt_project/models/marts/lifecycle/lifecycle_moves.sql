with moves as (
    select
        valid_from as day,
        stage as to_stage,
        lag(stage) over (partition by user_id order by valid_from) as from_stage
    from {{ ref('int_lifecycle_spans') }}
)

select day, from_stage, to_stage, count(*) as users
from moves
group by day, from_stage, to_stage
