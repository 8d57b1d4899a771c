with counts as (

    select * from {{ ref('category_counts') }}

),

usual as (

    select
        export,
        category,
        {{ share('sum(row_count)', 'sum(sum(row_count)) over (partition by export)') }} as usual_share,
        sum(sum(row_count)) over (partition by export) as rows_before
    from counts
    where not is_new
    group by export, category

),

days as (

    select export, is_new, past_day, sum(row_count) as row_count
    from counts
    group by export, is_new, past_day

),

categories as (

    select export, category from usual
    union
    select export, category from counts where is_new

),

-- Half of what moved between the categories.
moves as (

    select
        days.export,
        days.is_new,
        days.row_count,
        sum(abs({{ share('coalesce(counts.row_count, 0)', 'days.row_count') }} - coalesce(usual.usual_share, 0))) / 2
            as moved_share
    from days
    inner join categories on days.export = categories.export
    left join usual on categories.export = usual.export and categories.category = usual.category
    left join counts
        on
            categories.export = counts.export
            and categories.category = counts.category
            and days.is_new = counts.is_new
            and (days.past_day = counts.past_day or (days.past_day is null and counts.past_day is null))
    group by days.export, days.is_new, days.past_day, days.row_count

),

-- How far single days lie from the whole by chance and by their nature: nine of ten not further.
past as (

    select export, {{ quantile('moved_share', 0.9) }} as usual_move
    from moves
    where not is_new
    group by export

),

final as (

    select
        moves.export,
        cast(moves.row_count as bigint) as row_count,
        cast(least(moves.row_count, sizes.rows_before / 4.0) as {{ type_double() }}) as sample,
        moves.moved_share,
        past.usual_move,
        moves.moved_share - 1.3 * past.usual_move as move_beyond_usual
    from moves
    inner join past on moves.export = past.export
    inner join (select export, max(rows_before) as rows_before from usual group by export) as sizes
        on moves.export = sizes.export
    where moves.is_new

)

select * from final
