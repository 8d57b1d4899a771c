with days as (

    select * from {{ ref('order_days') }}

),

-- The median order of the day against those of the four weeks before.
level as (

    select
        count(*) filter (where day < {{ business_date() }}) as days_before,
        coalesce(avg(priced_orders) filter (where day < {{ business_date() }}), 0) as orders_a_day,
        coalesce(max(case when day = {{ business_date() }} then priced_orders end), 0) as orders_of_day,
        coalesce(max(case when day = {{ business_date() }} then middle_amount end), 0) as middle_amount,
        coalesce({{ median("case when day < " ~ business_date() ~ " then middle_amount end") }}, 0) as usual_amount
    from days
    where
        day >= {{ days_back(28) }}
        and day >= {{ level_begins(['amount_level'], 'orders') }}
        and priced_orders > 0

),

-- Slow drift cannot be seen from day to day: the last fortnight stands against the frozen baseline.
drift as (

    select
        coalesce({{ days_between(business_date(), 'min(baseline_starts)') }} - 28, 0) as days_since_baseline,
        cast(coalesce(sum(orders) filter (where is_baseline), 0) as bigint) as baseline_orders,
        avg(orders) filter (where is_fortnight) / nullif(avg(orders) filter (where is_baseline), 0) as volume_ratio,
        {{ median('case when is_fortnight then middle_amount end') }}
            / nullif({{ median('case when is_baseline then middle_amount end') }}, 0) as amount_ratio
    from days

),

final as (

    select
        'orders' as export,
        level.days_before,
        cast(least(level.orders_of_day, level.orders_a_day) as {{ type_double() }}) as orders,
        cast(level.middle_amount as {{ type_double() }}) as middle_amount,
        cast(level.usual_amount as {{ type_double() }}) as usual_amount,
        cast(case when level.orders_of_day > 0 then coalesce(level.middle_amount / nullif(level.usual_amount, 0), 1) else 1 end
            as {{ type_double() }}) as amount_ratio,
        drift.days_since_baseline,
        drift.baseline_orders,
        cast(coalesce(drift.volume_ratio, 1) as {{ type_double() }}) as drift_of_volume,
        cast(coalesce(drift.amount_ratio, 1) as {{ type_double() }}) as drift_of_amount
    from level
    cross join drift

)

select * from final
