{{ config(materialized='view') }}
{# What each part was to be expected to hold on its new days: its centre with the load's weekday factor. #}
with centred as (

    select * from {{ ref('part_centres') }}

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

-- The least that a day of the last three weeks had, of the same weekday where there was one.
lows as (

    select subject, weekday, min(row_count) as least
    from expected
    where not is_new and day > {{ days_back(21) }}
    group by subject, weekday

),

past as (

    select
        subject,
        count(*) as loads_before,
        min(row_count) as least,
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
        coalesce(lows.least, past.least) as least,
        cast(expected.row_count as {{ type_double() }}) / nullif(cast(expected.usual as {{ type_double() }}), 0)
            as level
    from expected
    inner join past on expected.subject = past.subject
    left join lows on expected.subject = lows.subject and expected.weekday = lows.weekday
    where expected.is_new

)

select * from final
