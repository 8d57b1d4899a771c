{{ config(materialized='view') }}
{#
    How the business date compares with before inside each stratum, and the middle one by weight: a channel that was
    switched off moves it little, rows lost at random move it as they move the total.
#}
with strata as (

    select
        export,
        stratum,
        {{ share(
            'coalesce(sum(row_count) filter (where day = ' ~ business_date() ~ '), 0)',
            'sum(row_count) filter (where day < ' ~ business_date() ~ ')'
        ) }} as ratio,
        sum(row_count) filter (where day < {{ business_date() }}) as rows_before
    from {{ ref('daily_rows') }}
    where day >= {{ days_back(28) }} and {{ iso_weekday('day') }} = {{ iso_weekday(business_date()) }}
    group by export, stratum
    having sum(row_count) filter (where day < {{ business_date() }}) >= 12

),

placed as (

    select
        export,
        ratio,
        sum(rows_before) over (partition by export order by ratio asc nulls last, {{ by_bytes('stratum') }} asc nulls last) as rows_up_to_here,
        sum(rows_before) over (partition by export) as all_before,
        sum(ratio * rows_before) over (partition by export) as weighted
    from strata

),

final as (

    select
        export,
        -- The middle stratum against the mean of them all.
        min(ratio) / nullif(min({{ share('weighted', 'all_before') }}), 0) as shape
    from placed
    where rows_up_to_here >= all_before / 2.0
    group by export

)

select * from final
