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
        coalesce(max(gap), 0) as longest_gap
    from gaps
    group by export

),

-- A snapshot is promised; a delta stays away on days without anything to tell, at most as it used to.
allowed as (

    select
        habits.*,
        greatest(
            contracts.freshness_days,
            3 * habits.usual_gap,
            case
                when contracts.mode = 'delta' and habits.longest_gap > habits.usual_gap then 2 * habits.longest_gap
                else 0
            end
        ) as allowed_days
    from habits
    inner join {{ source('meta', 'contracts') }} as contracts on habits.export = contracts.export

),

final as (

    select
        export,
        arrivals,
        days_absent,
        usual_gap,
        cast(allowed_days as {{ type_double() }}) as allowed_days,
        cast(greatest(0, days_absent - allowed_days) as {{ type_double() }}) as days_late
    from allowed

)

select * from final
