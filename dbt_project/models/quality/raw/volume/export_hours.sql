with hours as (

    select
        *,
        sum(rows_of_day) over (partition by export) as all_of_day,
        sum(rows_before) over (partition by export) as all_before
    from {{ ref('hourly_rows') }}

),

-- How well the day fits the days before when its clock is set back by so many hours.
shifts as (

    select
        hours.export,
        clock.n as shift,
        sum(abs({{ share('hours.rows_of_day', 'hours.all_of_day') }}
            - {{ share('earlier.rows_before', 'earlier.all_before') }})) / 2 as gap,
        sum(hours.rows_of_day * ln({{ share('earlier.rows_before + 1', 'earlier.all_before + 24') }})) as likelihood
    from hours
    cross join ({{ number_spine(23) }}) as clock
    inner join hours as earlier
        on hours.export = earlier.export and earlier.hour = mod(hours.hour + 24 - clock.n, 24)
    group by hours.export, clock.n

),

best as (

    select
        *,
        max(case when shift = 0 then gap end) over (partition by export) as gap_unshifted,
        max(case when shift = 0 then likelihood end) over (partition by export) as likelihood_unshifted,
        max(likelihood) over (partition by export) as best_likelihood,
        row_number() over (partition by export order by gap asc nulls last, shift asc nulls last) as place
    from shifts

),

days as (

    {% for export, (key, _) in timed_exports().items() %}
    select '{{ export }}' as export, day, count(distinct {{ key }}) as row_count
    from {{ ref('recent_' ~ export) }}
    where day between {{ days_back(28) }} and {{ business_date() }}
    group by day
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- A peak lies on hours of its own: what is missing is measured by a usual day.
day_sizes as (

    select
        export,
        least(
            coalesce(max(case when day = {{ business_date() }} then row_count end), 0),
            coalesce({{ median("case when day < " ~ business_date() ~ " then row_count end") }}, 0)
        ) as row_count
    from days
    group by export

),

missing as (

    select
        hours.export,
        max(hours.all_of_day) as rows_of_day,
        max(hours.all_before) as rows_before,
        max(case when hours.empty_spans > 0 then {{ share('hours.rows_before', 'hours.all_before') }} else 0 end)
            as share_in_empty_hour
    from hours
    group by hours.export

),

final as (

    select
        missing.export,
        cast(missing.rows_of_day as bigint) as row_count,
        cast(least(missing.rows_of_day, missing.rows_before / 5.0) as {{ type_double() }}) as sample,
        case
            when best.gap_unshifted > 0.1
                and best.gap < 0.5 * best.gap_unshifted
                and best.best_likelihood - best.likelihood_unshifted > 15
                then best.shift
            else 0
        end as shifted_hours,
        cast(missing.share_in_empty_hour * day_sizes.row_count as {{ type_double() }}) as expected_in_empty_hour
    from missing
    inner join best on missing.export = best.export and best.place = 1
    inner join day_sizes on missing.export = day_sizes.export

)

select * from final
