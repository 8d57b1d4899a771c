{{ config(materialized='view') }}
with counts as (

    select export, day, sum(row_count) as row_count
    from {{ ref('daily_rows') }}
    group by export, day

),

accepted as (

    {{ accepted_levels(['day_volume_collapsed', 'rows_missing', 'day_volume_unusual']) }}

),

-- A level that a person accepted begins with itself, as an export does.
firsts as (

    select counts.export, min(counts.day) as first_day
    from counts
    left join accepted on counts.export = accepted.subject
    where coalesce(counts.day >= accepted.since, true)
    group by counts.export

),

calendar as (

    {{ day_spine(days_back(28), business_date()) }}

),

final as (

    select
        firsts.export,
        calendar.day,
        {{ iso_weekday('calendar.day') }} as weekday,
        {{ days_between(business_date(), 'firsts.first_day') }} as history_days,
        cast(coalesce(counts.row_count, 0) as {{ type_double() }}) as row_count
    from firsts
    inner join calendar on firsts.first_day <= calendar.day
    left join counts on firsts.export = counts.export and calendar.day = counts.day

)

select * from final
