{#
    How long each export that comes regularly has been absent. An optional delta that stays away now and then has no
    habit to be judged by.
#}
with gaps as (

    select
        export,
        business_date,
        {{ days_between(
            'business_date', 'lag(business_date) over (partition by export order by business_date asc nulls last)'
        ) }} as gap
    from {{ ref('delivery_days') }}
    where business_date > {{ days_back(90) }}

),

habits as (

    select
        export,
        count(*) as arrivals,
        {{ days_between(business_date(), 'max(business_date)') }} as days_absent,
        cast(coalesce({{ median('gap') }}, 0) as {{ type_double() }}) as usual_gap,
        coalesce({{ quantile('gap', 0.9) }}, 0) as longer_gap
    from gaps
    group by export

),

regular as (

    select
        habits.*,
        greatest(contracts.freshness_days, 3 * habits.usual_gap) as allowed_days
    from habits
    inner join {{ source('meta', 'contracts') }} as contracts on habits.export = contracts.export
    where contracts.mode = 'snapshot' or contracts.is_required or habits.longer_gap <= habits.usual_gap

),

final as (

    select
        export,
        arrivals,
        days_absent,
        usual_gap,
        cast(allowed_days as {{ type_double() }}) as allowed_days,
        cast(greatest(0, days_absent - allowed_days) as {{ type_double() }}) as days_late
    from regular

)

select * from final
