with counts as (

    select * from {{ ref('column_blank_counts') }}

),

-- What each stratum was like; a stratum without a past is judged by the whole column.
usual as (

    select export, column_name, kind, stratum, sum(row_count) as rows_before, sum(blanks) as blanks_before
    from counts
    where not is_new
    group by export, column_name, kind, stratum

),

overall as (

    select
        export, column_name, kind,
        sum(rows_before) as rows_before,
        {{ share('sum(blanks_before) + 0.5', 'sum(rows_before) + 1') }} as usual_share
    from usual
    group by export, column_name, kind

),

expected as (

    select
        counts.*,
        overall.rows_before,
        least(0.995, {{ share(
            'coalesce(usual.blanks_before, 0) + 5 * overall.usual_share', 'coalesce(usual.rows_before, 0) + 5'
        ) }}) as usual_share
    from counts
    inner join overall using (export, column_name, kind)
    left join usual using (export, column_name, kind, stratum)

),

-- All new rows together, and each day before.
days as (

    select
        export, column_name, kind, is_new,
        case when not is_new then day end as past_day,
        max(rows_before) as rows_before,
        sum(row_count) as row_count,
        sum(case when day = {{ business_date() }} then row_count else 0 end) as rows_of_day,
        sum(blanks) as blanks,
        sum(row_count * usual_share) as expected,
        sum(row_count * usual_share * (1 - usual_share)) as variance
    from expected
    group by 1, 2, 3, 4, 5

),

-- Days differ by more than chance in most businesses: by how much is read from the past.
past as (

    select
        export, column_name, kind,
        avg(row_count) as rows_a_day,
        greatest(1, avg((blanks - expected) * (blanks - expected) / nullif(variance, 0))) as spread
    from days
    where not is_new
    group by export, column_name, kind

),

judged as (

    select
        export, column_name, kind,
        cast(days.row_count as bigint) as row_count,
        cast(days.blanks as bigint) as blanks,
        {{ share('days.blanks', 'days.row_count') }} as blank_share,
        {{ share('days.expected', 'days.row_count') }} as usual_share,
        -- Two samples are told apart by the smaller one.
        cast(least(days.row_count, days.rows_before / 4.0) as {{ type_double() }}) as sample,
        cast(case
            when days.blanks - days.expected > 0.01 * days.row_count
                then {{ deviation('days.blanks', 'days.expected', 'days.variance / days.expected') }}
                    / sqrt(past.spread * (1 + {{ share('days.row_count', 'days.rows_before') }}))
            else 0
        end as {{ type_double() }}) as deviation,
        days.rows_of_day > 2.0 * past.rows_a_day as is_peak
    from days
    inner join past using (export, column_name, kind)
    where days.is_new

)

select
    *,
    -- On a peak other people come, with other cells: it is told, and does not block.
    case when blank_share - usual_share > 0.025 and not is_peak and column_name not in ({{ places() }})
        then deviation else 0 end as deviation_of_many
from judged
