{{ config(materialized='view') }}
{#
    Rows of each part of a delta on each day that the export came: of every store, channel and member of staff that its
    rows name (zero on a day without a row of it), and of the load as a whole (part_kind rows).
#}
with loads as (

    select * from {{ ref('profile_loads') }} where not is_snapshot and day >= {{ days_back(28) }}

),

days as (

    select export, load_name, day, weekday, is_new, amount as day_rows
    from loads
    where figure = 'rows'

),

counted as (

    select load_name, {{ part_kind() }} as part_kind, part, day, amount
    from loads
    where figure = 'value' and {{ part_kind() }} <> ''
    union all
    select load_name, 'rows' as part_kind, '' as part, day, day_rows as amount from days

),

parts as (

    select distinct load_name, part_kind, part from counted

),

final as (

    select
        days.export,
        days.load_name,
        parts.part_kind,
        parts.part,
        case
            when parts.part_kind = 'rows' then days.load_name
            else days.load_name || ' of ' || parts.part_kind || ' ' || parts.part
        end as subject,
        days.day,
        days.weekday,
        days.is_new,
        coalesce(sum(counted.amount), 0) as row_count
    from days
    inner join parts on days.load_name = parts.load_name
    left join counted
        on
            parts.load_name = counted.load_name
            and parts.part_kind = counted.part_kind
            and parts.part = counted.part
            and days.day = counted.day
    group by 1, 2, 3, 4, 5, 6, 7, 8

)

select * from final
