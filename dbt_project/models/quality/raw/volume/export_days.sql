{{ config(materialized='view') }}
with counts as (

    select export, day, sum(row_count) as row_count
    from {{ ref('daily_rows') }}
    group by export, day

),

firsts as (

    select export, min(day) as first_day from counts group by export

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
