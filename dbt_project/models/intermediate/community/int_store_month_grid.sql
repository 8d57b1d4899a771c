-- One row per store opened by D × month it is reported for: from the month it opened to that of D. It begins earlier
-- where a figure does, and never before the business has data: an opening day of long ago brings no empty decades.
{% set this_month = "cast(date_trunc('month', " ~ business_date() ~ ") as date)" %}
with beginning as (
    select
        least(
            (select min(acquired_month) from {{ ref('int_users_acquired') }}),
            (select min(order_month) from {{ ref('int_orders_counted') }}),
            {{ this_month }}
        ) as month
),

firsts as (
    select store_id, min(month) as month from {{ ref('int_store_months') }} group by store_id
),

starts as (
    select
        stores.store_id,
        least(firsts.month, greatest(cast(date_trunc('month', stores.opened_on) as date), beginning.month)) as month
    from {{ ref('stg_stores') }} as stores
    cross join beginning
    left join firsts on stores.store_id = firsts.store_id
    where stores.opened_on <= {{ business_date() }}
),

final as (
    select
        starts.store_id,
        cast(months.month as date) as month,
        cast(months.month + interval '1 month' as date) - 1 as last_day
    from starts
    cross join lateral generate_series(
        cast(starts.month as timestamp), cast({{ this_month }} as timestamp), interval '1 month'
    ) as months (month)
)

select * from final
