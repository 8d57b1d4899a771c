{{ config(materialized='view') }}
{#
    What each part's new days were to be expected to hold: the median of its past with the load's weekday factor. A part
    whose new level a person accepted has the days since then as its past.
#}
with days as (

    select
        parts.*,
        coalesce(parts.day >= accepted.since, true) as is_current,
        not parts.is_new or coalesce(parts.day >= accepted.since, false) as is_base
    from {{ ref('part_days') }} as parts
    left join (
        {{ accepted_levels(['rows_of_part_missing', 'some_rows_of_part_missing']) }}
    ) as accepted on parts.subject = accepted.subject

),

centres as (

    select subject, is_current, {{ quantile('row_count', 0.5) }} as centre
    from days
    where is_base
    group by subject, is_current

),

-- The factor of a weekday is that of the whole load, drawn to 1 where few weeks tell it.
weekdays as (

    select
        days.load_name, days.weekday,
        1 + ({{ quantile('days.row_count / nullif(centres.centre, 0)', 0.5) }} - 1) * count(*) / (count(*) + 2) as factor
    from days
    inner join centres on days.subject = centres.subject and days.is_current = centres.is_current
    where days.part_kind = 'rows' and days.is_base
    group by days.load_name, days.weekday

),

expected as (

    select days.*, centres.centre * coalesce(weekdays.factor, 1) as usual
    from days
    inner join centres on days.subject = centres.subject and days.is_current = centres.is_current
    left join weekdays on days.load_name = weekdays.load_name and days.weekday = weekdays.weekday

),

past as (

    select
        subject,
        count(*) as loads_before,
        greatest(1, 1.4826 * {{ quantile('abs(' ~ deviation('row_count', 'usual') ~ ')', 0.5) }}) as spread
    from expected
    where is_base
    group by subject

),

final as (

    select
        expected.*,
        past.loads_before,
        past.spread,
        cast(expected.row_count as {{ type_double() }}) / nullif(expected.usual, 0) as level
    from expected
    inner join past on expected.subject = past.subject
    where expected.is_new

)

select * from final
