-- One row per day on which features are taken: D, D − 30, and the month-ends of tag history before D.
{% set last_day = business_date() %}
with days as (
    select {{ last_day }} as as_of, true as is_checkpoint
    union all
    select (date_trunc('month', {{ last_day }}::timestamp) - make_interval(months => months_back))::date - 1, true
    from generate_series(0, {{ var('tag_history_months') }} - 1) as months_back
    union all
    select {{ last_day }} - {{ var('tag_outcome_days') }}, false
),

final as (
    select
        as_of,
        bool_or(is_checkpoint) as is_checkpoint,
        -- A checkpoint speaks for the days since the one before it: the days of its month.
        case when bool_or(is_checkpoint) then date_trunc('month', as_of::timestamp)::date end as holds_from,
        case
            when bool_or(is_checkpoint) then (sum(bool_or(is_checkpoint)::int) over (order by as_of))::int
        end as checkpoint_number
    from days
    group by as_of
)

select * from final
