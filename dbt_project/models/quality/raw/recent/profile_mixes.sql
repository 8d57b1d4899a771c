{{ config(materialized='view') }}
{#
    How far the mix of each day lies from the usual one: the share of its rows that would have to be others. Of lengths
    only those that are shorter than the longest before count: numbers grow by a digit, and lose digits by a fault.
#}
with parts as (

    select loads.*, eras.is_current, eras.is_base
    from {{ ref('profile_loads') }} as loads
    inner join {{ ref('profile_eras') }} as eras on loads.subject = eras.subject and loads.day = eras.day
    where
        loads.figure in ('value', 'hour')
        -- The dates of a snapshot grow older by themselves.
        or (loads.figure = 'age' and not loads.is_snapshot)
        -- How a reference is written is asked by the checks of references.
        or (loads.figure in ('length', 'shape') and loads.kind = 'identifier')

),

totals as (

    select subject, figure, day, sum(amount) as day_rows
    from parts
    group by subject, figure, day

),

usual as (

    select
        subject, figure, is_current, part,
        sum(amount) / sum(sum(amount)) over (partition by subject, figure, is_current) as usual_share,
        max(case when figure = 'length' and part <> '(other)' then cast(part as int) end)
            over (partition by subject, figure, is_current) as longest
    from parts
    where is_base
    group by subject, figure, is_current, part

),

longest as (

    select subject, figure, is_current, max(longest) as longest
    from usual
    group by subject, figure, is_current

),

final as (

    select
        parts.subject,
        parts.load_name,
        parts.is_snapshot,
        parts.kind,
        parts.figure,
        parts.day,
        max(totals.day_rows) as sample,
        sum(case
            when parts.figure <> 'length'
                then greatest(0, parts.amount / totals.day_rows - coalesce(usual.usual_share, 0))
            when parts.part = '(other)' then 0
            when cast(parts.part as int) > longest.longest then 0
            else greatest(0, parts.amount / totals.day_rows - coalesce(usual.usual_share, 0))
        end) as value
    from parts
    inner join totals
        on parts.subject = totals.subject and parts.figure = totals.figure and parts.day = totals.day
    inner join longest
        on
            parts.subject = longest.subject
            and parts.figure = longest.figure
            and parts.is_current = longest.is_current
    left join usual
        on
            parts.subject = usual.subject
            and parts.figure = usual.figure
            and parts.is_current = usual.is_current
            and parts.part = usual.part
    group by parts.subject, parts.load_name, parts.is_snapshot, parts.kind, parts.figure, parts.day

)

select * from final
