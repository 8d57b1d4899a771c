-- One row per day on which features are taken: D, D − 30, and the month-ends of tag history before D.
-- All features are joined with it: of a table filled anew the planner takes eight days for two thousand.
{% set last_day = business_date() %}
with days as (
    select {{ last_day }} as as_of, true as is_checkpoint
    union all
    select cast(date_trunc('month', cast({{ last_day }} as timestamp)) - make_interval(months => months_back) as date) - 1, true
    from generate_series(0, {{ var('tag_history_months') }} - 1) as months_back
    union all
    select {{ last_day }} - {{ var('tag_outcome_days') }}, false
),

{% if builds_on_last_night() -%}
last_night as (
    select business_date from {{ source('meta', 'build_state') }}
),

-- A tag that is new or means something else asks for all month-ends again.
changed_tags as (
    {{ changed_since_last_night(
        source('config', 'config_tags'), 'int_tags_read', ['tag_code'], ['rule_sql', 'value_sql']
    ) }}
),

{% endif -%}
merged as (
    select as_of, bool_or(is_checkpoint) as is_checkpoint, bool_and(is_checkpoint) as is_checkpoint_alone
    from days
    group by as_of
),

final as (
    select
        as_of,
        is_checkpoint,
        -- A checkpoint speaks for the days since the one before it: the days of its month.
        case when is_checkpoint then cast(date_trunc('month', cast(as_of as timestamp)) as date) end as holds_from,
        case when is_checkpoint then cast(sum(cast(is_checkpoint as int)) over (order by as_of) as int) end as checkpoint_number,
        {% if builds_on_last_night() -%}
        is_checkpoint_alone and as_of < {{ last_day }}
        and as_of <= (select business_date from last_night) and not exists (select from changed_tags)
        {%- else -%}
        false
        {%- endif %} as is_settled
    from merged
)

select * from final
