with days as (

    select * from {{ ref('delivery_days') }}

),

new_rows as (

    select export, sum(row_count) as row_count, sum(set_aside) as set_aside
    from days
    where is_new
    group by export

),

usual as (

    select
        export,
        {{ share('sum(set_aside) + 0.5', 'sum(row_count) + 1') }} as usual_share,
        max(set_aside) as most_set_aside
    from days
    where not is_new and business_date > {{ days_back(29) }}
    group by export

),

-- Bad rows come in bursts in some sources: by how much more than chance is read from the days before.
bursts as (

    select
        days.export,
        greatest(1, avg(
            power(days.set_aside - days.row_count * usual.usual_share, 2)
            / nullif(days.row_count * usual.usual_share, 0)
        )) as spread
    from days
    inner join usual on days.export = usual.export
    where not days.is_new and days.business_date > {{ days_back(29) }}
    group by days.export

),

sizes as (

    select
        days.export,
        max(case when days.business_date = {{ business_date() }} then days.row_count end) as rows_of_day,
        count(*) filter (where days.business_date < {{ business_date() }}) as days_before,
        {{ median("case when days.business_date < " ~ business_date() ~ " then days.row_count end") }} as usual_rows,
        {{ quantile("case when days.business_date < " ~ business_date() ~ " then days.row_count end", 0.1) }} as least_rows
    from days
    left join ({{ accepted_levels(['files_unusually_long']) }}) as accepted on days.export = accepted.subject
    where days.business_date >= {{ days_back(28) }} and coalesce(days.business_date >= accepted.since, true)
    group by days.export

),

final as (

    select
        new_rows.export,
        cast(new_rows.row_count as bigint) as row_count,
        cast(new_rows.set_aside as bigint) as set_aside,
        cast(coalesce(usual.most_set_aside, 0) as bigint) as most_set_aside,
        cast(case
            when new_rows.set_aside >= 3
                then {{ deviation('new_rows.set_aside', 'new_rows.row_count * coalesce(usual.usual_share, 0)') }}
                    / sqrt(coalesce(bursts.spread, 1))
            else 0
        end as {{ type_double() }}) as deviation,
        coalesce(sizes.days_before, 0) as days_before,
        cast(coalesce(sizes.rows_of_day, 0) as bigint) as rows_of_day,
        cast(coalesce(sizes.usual_rows, 0) as {{ type_double() }}) as usual_rows,
        cast(coalesce(sizes.least_rows, 0) as {{ type_double() }}) as least_rows,
        cast(coalesce(sizes.rows_of_day / nullif(sizes.usual_rows, 0), 1) as {{ type_double() }}) as size_ratio
    from new_rows
    left join usual on new_rows.export = usual.export
    left join bursts on new_rows.export = bursts.export
    left join sizes on new_rows.export = sizes.export

)

select * from final
