{{ config(materialized='view') }}
with orders as (

    {{ newest_by(
        source('raw', 'orders'), ['order_id'], ['order_id', 'paid_at', 'paid_amount', 'currency'], newest_first(),
        '_business_date <= ' ~ business_date()
        ~ " and not coalesce(is_test, false) and status <> 'cancelled' and paid_at is not null and paid_at >= "
        ~ start_of_day(add_days(quarter_of(business_date()), -29))
    ) }}

),

-- The baseline is frozen for a quarter: the 28 days before it began; in a young business its first 28 days, after a
-- person accepted a new level the first 28 of that.
baseline as (

    select
        greatest(
            {{ add_days(quarter_of(business_date()), -28) }},
            coalesce({{ add_days(local_day('min(placed_at)'), 1) }}, {{ business_date() }}),
            {{ level_begins(['slow_drift'], 'orders') }}
        ) as first_day
    from {{ source('raw', 'orders') }}
    where _business_date <= {{ business_date() }}

),

days as (

    select
        {{ local_day('paid_at') }} as day,
        count(*) as orders,
        count(*) filter (where currency = {{ business_currency() }} and paid_amount > 0) as priced_orders,
        {{ median("case when currency = " ~ business_currency() ~ " and paid_amount > 0 then paid_amount end") }}
            as middle_amount
    from orders
    group by 1

),

final as (

    select
        days.day,
        days.orders,
        days.priced_orders,
        cast(days.middle_amount as {{ type_double() }}) as middle_amount,
        baseline.first_day as baseline_starts,
        days.day >= baseline.first_day and days.day < {{ add_days('baseline.first_day', 28) }} as is_baseline,
        days.day > {{ days_back(14) }} and days.day >= baseline.first_day as is_fortnight
    from days
    cross join baseline
    where days.day <= {{ business_date() }}

)

select * from final
