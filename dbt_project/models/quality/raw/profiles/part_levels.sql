{{ config(materialized='view') }}
{#
    What each part was to be expected to hold: the median of the seven loads before, with the load's weekday factor. A
    new level that a person accepted begins with itself.
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

    select days.subject, days.place, {{ quantile('earlier.row_count', 0.5) }} as centre
    from days
    inner join days as earlier
        on
            days.subject = earlier.subject
            and days.is_current = earlier.is_current
            and earlier.place between days.place - 7 and days.place - 1
    group by days.subject, days.place

),

centred as (

    select days.*, coalesce(centres.centre, days.row_count) as centre, centres.centre is not null as has_past
    from days
    left join centres on days.subject = centres.subject and days.place = centres.place

),

-- The factor of a weekday is that of the whole load, drawn to 1 where few weeks tell it.
weekdays as (

    select
        load_name, weekday,
        1 + ({{ quantile('row_count / nullif(centre, 0)', 0.5) }} - 1) * count(*) / (count(*) + 2) as factor
    from centred
    where part_kind = 'rows' and has_past and not is_new
    group by load_name, weekday

),

expected as (

    select
        centred.*,
        case when centred.has_past then coalesce(weekdays.factor, 1) else 1 end * centred.centre as usual
    from centred
    left join weekdays on centred.load_name = weekdays.load_name and centred.weekday = weekdays.weekday

),

past as (

    select
        subject,
        count(*) as loads_before,
        greatest(1, 1.4826 * {{ quantile('abs(' ~ deviation('row_count', 'usual') ~ ')', 0.5) }}) as spread
    from expected
    where not is_new and has_past
    group by subject

),

final as (

    select
        expected.export,
        expected.load_name,
        expected.part_kind,
        expected.part,
        expected.subject,
        expected.day,
        expected.row_count,
        expected.usual,
        past.loads_before,
        past.spread,
        cast(expected.row_count as {{ type_double() }}) / nullif(cast(expected.usual as {{ type_double() }}), 0) as level
    from expected
    inner join past on expected.subject = past.subject
    where expected.is_new

)

select * from final
