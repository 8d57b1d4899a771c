{{ config(materialized='view') }}
{% set day_starts = start_of_day(business_date()) %}
with happened as (

    {% for export, (key, at) in timed_exports().items() %}
    select distinct
        '{{ export }}' as export,
        {{ key }} as row_id,
        {{ at }} as happened_at,
        day,
        {{ local_hour(at) }} as hour,
        is_new and _business_date = {{ business_date() }} as is_of_day
    from {{ ref('recent_' ~ export) }}
    where
        day >= {{ days_back(28) }}
        and (is_new or day >= {{ level_begins(['hours_shifted', 'hour_missing'], export) }})
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

clock as (

    {{ number_spine(24) }}

),

exports as (

    select distinct export from happened

),

-- The hours that the day had: one less or one more than 24 where the clocks change.
spans as (

    select n as span, {{ local_hour(add_hours(day_starts, 'n')) }} as hour
    from clock
    where {{ add_hours(day_starts, 'n') }} < {{ start_of_day(days_back(-1)) }}

),

filled as (

    select distinct
        export,
        {{ integer_quotient(microseconds_between('happened_at', day_starts), 3600000000) }} as span
    from happened
    where day = {{ business_date() }}

),

empty_spans as (

    select exports.export, spans.hour, count(*) as spans
    from exports
    cross join spans
    left join filled on exports.export = filled.export and spans.span = filled.span
    where filled.span is null
    group by exports.export, spans.hour

),

final as (

    select
        exports.export,
        clock.n as hour,
        count(*) filter (
            where happened.is_of_day and happened.day between {{ days_back(1) }} and {{ days_back(-1) }}
        ) as rows_of_day,
        count(*) filter (where not happened.is_of_day and happened.day < {{ business_date() }}) as rows_before,
        coalesce(max(empty_spans.spans), 0) as empty_spans
    from exports
    cross join clock
    left join happened on exports.export = happened.export and clock.n = happened.hour
    left join empty_spans on exports.export = empty_spans.export and clock.n = empty_spans.hour
    where clock.n < 24
    group by exports.export, clock.n

)

select * from final
