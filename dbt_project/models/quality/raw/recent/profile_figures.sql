{#
    Every figure of a column and day as one number: shares as they are, amounts as natural logarithms, so that a factor
    is a difference.
#}
with loads as (

    select * from {{ ref('profile_loads') }}

),

whole as (

    select
        load_name, day,
        max(case when figure = 'rows' then amount end) as day_rows,
        max(case when figure = 'known' then amount end) as known
    from loads
    where column_name = '(rows)'
    group by load_name, day

),

wide as (

    select
        subject, load_name, is_snapshot, kind, day,
        max(case when figure = 'filled' then amount else 0 end) as filled,
        max(case when figure = 'empty' then amount else 0 end) as empty_cells,
        max(case when figure = 'distinct' then amount end) as different,
        max(case when figure = 'commonest' then amount end) as commonest,
        max(case when figure = 'changed' then amount end) as changed,
        max(case when figure = 'median' then amount end) as middle,
        max(case when figure = 'largest' then amount end) as largest,
        max(case when figure = 'value' then 1 else 0 end) as is_code
    from loads
    where column_name <> '(rows)'
    group by subject, load_name, is_snapshot, kind, day

),

unioned as (

    select subject, load_name, is_snapshot, kind, 'missing' as figure, day, empty_cells + filled as sample,
        empty_cells / (empty_cells + filled) as value
    from wide
    union all
    select subject, load_name, is_snapshot, kind, 'repeated', day, filled, 1 - different / filled
    from wide where kind = 'identifier' and filled > 0
    union all
    select subject, load_name, is_snapshot, kind, 'commonest', day, filled, commonest / filled
    from wide where kind in ('identifier', 'other') and filled > 0 and is_code = 0
    union all
    select wide.subject, wide.load_name, wide.is_snapshot, wide.kind, 'changed', wide.day, whole.known,
        wide.changed / whole.known
    from wide
    inner join whole on wide.load_name = whole.load_name and wide.day = whole.day
    where wide.changed is not null
    union all
    select subject, load_name, is_snapshot, kind, 'median', day, filled, ln(middle) from wide where middle > 0
    union all
    select subject, load_name, is_snapshot, kind, 'largest', day, filled, ln(largest) from wide where largest > 0
    union all
    select subject, load_name, is_snapshot, kind, figure, day, sample, value from {{ ref('profile_mixes') }}

),

final as (

    select
        unioned.load_name,
        unioned.subject,
        unioned.is_snapshot,
        unioned.kind,
        unioned.figure,
        unioned.day,
        {{ iso_weekday('unioned.day') }} as weekday,
        eras.is_new,
        eras.is_current,
        eras.is_base,
        cast(unioned.sample as {{ type_double() }}) as sample,
        cast(unioned.value as {{ type_double() }}) as value
    from unioned
    inner join {{ ref('profile_eras') }} as eras on unioned.subject = eras.subject and unioned.day = eras.day

)

select * from final
