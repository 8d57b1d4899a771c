-- One row per store opened by D × month it is reported for: from the month it opened to that of D. It begins earlier
-- where a figure does, and never before the business has data: an opening day of long ago brings no empty decades.
{% set this_month = month_of(business_date()) %}
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
        least(firsts.month, greatest({{ month_of('stores.opened_on') }}, beginning.month)) as month
    from {{ ref('stg_stores') }} as stores
    cross join beginning
    left join firsts on stores.store_id = firsts.store_id
    where stores.opened_on <= {{ business_date() }}
),

numbers as (
    {{ number_spine('(select max(' ~ months_between(this_month, 'month') ~ ') from starts)') }}
),

final as (
    select
        starts.store_id,
        {{ add_months('starts.month', 'numbers.n') }} as month,
        {{ add_days(add_months('starts.month', 'numbers.n + 1'), -1) }} as last_day
    from starts
    inner join numbers on {{ months_between(this_month, 'starts.month') }} >= numbers.n
)

select * from final
