{{ config(materialized='view') }}
{# What is usual of each figure of a column: its centre with the weekday's own level, and the spread of all days. #}
with figures as (

    select * from {{ ref('profile_figures') }}

),

centres as (

    select
        subject, figure, is_current,
        {{ quantile('value', 0.5) }} as centre,
        {{ quantile('sample', 0.5) }} as usual_sample,
        min(value) as lowest,
        max(value) as highest
    from figures
    where is_base
    group by subject, figure, is_current

),

offsets as (

    -- A weekday's own level, drawn to the middle where few weeks tell it.
    select
        figures.subject, figures.figure, figures.weekday,
        {{ quantile('figures.value - centres.centre', 0.5) }} * count(*) / (count(*) + 4) as weekday_offset
    from figures
    inner join centres
        on
            figures.subject = centres.subject
            and figures.figure = centres.figure
            and figures.is_current = centres.is_current
    where figures.is_base
    group by figures.subject, figures.figure, figures.weekday

),

expected as (

    select
        figures.*,
        centres.usual_sample,
        centres.lowest,
        centres.highest,
        centres.centre + coalesce(offsets.weekday_offset, 0) as usual
    from figures
    inner join centres
        on
            figures.subject = centres.subject
            and figures.figure = centres.figure
            and figures.is_current = centres.is_current
    left join offsets
        on
            figures.subject = offsets.subject
            and figures.figure = offsets.figure
            and figures.weekday = offsets.weekday

),

past as (

    select
        subject, figure,
        count(*) as loads_before,
        1.4826 * {{ quantile('abs(value - usual)', 0.5) }} as spread
    from expected
    where is_base
    group by subject, figure

),

final as (

    select expected.*, past.loads_before, past.spread
    from expected
    inner join past on expected.subject = past.subject and expected.figure = past.figure
    where expected.is_new

)

select * from final
