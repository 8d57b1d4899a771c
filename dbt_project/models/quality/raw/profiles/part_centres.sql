{{ config(materialized='view') }}
{#
    Each part and day beside the median of the seven loads before: no more than a growing business has above that of 28,
    as the week after a peak is none to go by. A new level that a person accepted begins with itself.
#}
with days as (

    select
        parts.*,
        coalesce(parts.day >= accepted.since, true) as is_current,
        row_number() over (partition by parts.subject order by parts.day asc nulls last) as place
    from {{ ref('part_days') }} as parts
    left join (
        {{ accepted_levels(['rows_of_part_missing', 'some_rows_of_part_missing']) }}
    ) as accepted on parts.subject = accepted.subject

),

centres as (

    select
        days.subject, days.place,
        {{ quantile('case when earlier.place >= days.place - 7 then earlier.row_count end', 0.5) }} as of_week,
        {{ quantile('earlier.row_count', 0.5) }} as of_month
    from days
    inner join days as earlier
        on
            days.subject = earlier.subject
            and days.is_current = earlier.is_current
            and earlier.place between days.place - 28 and days.place - 1
    group by days.subject, days.place

),

final as (

    select
        days.*,
        coalesce(least(centres.of_week, 1.15 * centres.of_month), days.row_count) as centre,
        centres.of_week is not null as has_past
    from days
    left join centres on days.subject = centres.subject and days.place = centres.place

)

select * from final
