with totals as (

    select * from {{ ref('export_days') }}

),

weekdays as (

    select export, weekday, avg(row_count) as mean_rows, {{ median('row_count') }} as usual_rows
    from totals
    where day < {{ business_date() }}
    group by export, weekday

),

-- How far days lie from their weekday's mean (a median, so that a peak does not widen it), and whether the last week
-- was stronger or weaker than the four.
levels as (

    select
        totals.export,
        1.7 * {{ median('abs(totals.row_count / nullif(weekdays.mean_rows, 0) - 1)') }} as spread,
        least(1, avg(totals.row_count) filter (where totals.day >= {{ days_back(7) }})
            / nullif(avg(totals.row_count), 0)) as weaker
    from totals
    inner join weekdays on totals.export = weekdays.export and totals.weekday = weekdays.weekday
    where totals.day < {{ business_date() }}
    group by totals.export

),

ratios as (

    select
        totals.export,
        totals.row_count,
        totals.history_days,
        weekdays.usual_rows,
        totals.row_count / nullif(weekdays.usual_rows, 0) as ratio,
        totals.row_count / nullif(least(weekdays.usual_rows, weekdays.mean_rows * levels.weaker), 0) as low_ratio,
        greatest(levels.spread, 1 / sqrt(greatest(weekdays.usual_rows, 1))) as spread
    from totals
    left join weekdays on totals.export = weekdays.export and totals.weekday = weekdays.weekday
    left join levels on totals.export = levels.export
    where totals.day = {{ business_date() }}

),

others as (

    select ratios.export, {{ median('other.low_ratio') }} as low_ratio
    from ratios
    inner join ratios as other
        on ratios.export <> other.export and other.history_days >= 14 and other.usual_rows >= 30
    group by ratios.export

),

compared as (

    select
        ratios.*,
        coalesce(ratios.low_ratio, 1) as level,
        coalesce(ratios.low_ratio * coalesce(shapes.shape, 1), 1) as shape_level,
        least(1, coalesce(others.low_ratio, 1)) as level_of_others,
        coalesce((ratios.low_ratio - 1) / nullif(ratios.spread * 1.2, 0), 0) as deviation,
        ratios.row_count = 0 and not coalesce(contracts.is_required, true) as is_allowed_empty
    from ratios
    left join {{ ref('stratum_volume') }} as shapes on ratios.export = shapes.export
    left join others on ratios.export = others.export
    left join {{ source('meta', 'contracts') }} as contracts on ratios.export = contracts.export

),

final as (

    select
        export,
        cast(row_count as bigint) as row_count,
        cast(coalesce(usual_rows, 0) as {{ type_double() }}) as usual_rows,
        history_days,
        cast(level as {{ type_double() }}) as level,
        cast(coalesce(ratio, 1) as {{ type_double() }}) as ratio,
        cast(case when is_allowed_empty then 1 else coalesce(ratio, 1) end as {{ type_double() }}) as least_ratio,
        -- How much is missing where neither chance, nor one stratum, nor a quiet day of the business explains it.
        cast(case
            when is_allowed_empty then 0
            when deviation < -3 and level < 0.8 and shape_level < 0.85 and level < 0.8 * level_of_others then 1 - level
            else 0
        end as {{ type_double() }}) as missing_share,
        cast(case
            when deviation < -2.5 and level < 0.75 and level < 0.85 * level_of_others then 1 - level
            else 0
        end as {{ type_double() }}) as low_share
    from compared

)

select * from final
