-- A row a user and month, so that buyers are counted without asking whom one has seen.
with orders as (
    select user_id, order_month, count(*) as orders, sum(net) as net
    from {{ ref('int_orders_counted') }}
    where user_id is not null
    group by user_id, order_month
),

cohorts as (
    select
        acquired.user_id,
        {{ month_of('acquired.first_order_day') }} as cohort_month,
        case when labels.n = 0 then acquired.acquired_channel_code else 'all' end as acquired_channel_code
    from {{ ref('int_users_acquired') }} as acquired
    cross join ({{ number_spine(1) }}) as labels
    where acquired.first_order_day is not null
),

sizes as (
    select cohort_month, acquired_channel_code, cast(count(*) as int) as cohort_size
    from cohorts
    group by cohort_month, acquired_channel_code
),

bought as (
    select
        cohorts.cohort_month, cohorts.acquired_channel_code, orders.order_month,
        cast(count(*) as int) as buyers,
        cast(sum(orders.orders) as int) as orders,
        sum(orders.net) as net
    from cohorts
    inner join orders on cohorts.user_id = orders.user_id
    group by cohorts.cohort_month, cohorts.acquired_channel_code, orders.order_month
),

months as (
    {{ number_spine('(select max(' ~ months_between(business_date(), 'cohort_month') ~ ') from sizes)') }}
),

filled as (
    select
        sizes.cohort_month, sizes.acquired_channel_code, sizes.cohort_size,
        months.n as month_number,
        coalesce(bought.buyers, 0) as buyers,
        coalesce(bought.orders, 0) as orders,
        coalesce(bought.net, 0) as net,
        sum(coalesce(bought.net, 0)) over (
            partition by sizes.cohort_month, sizes.acquired_channel_code order by months.n
        ) as net_so_far,
        {{ add_days(add_months('sizes.cohort_month', 'months.n + 1'), -1) }} <= {{ business_date() }} as is_mature
    from sizes
    inner join months on {{ months_between(business_date(), 'sizes.cohort_month') }} >= months.n
    left join bought
        on
            sizes.cohort_month = bought.cohort_month
            and sizes.acquired_channel_code = bought.acquired_channel_code
            and {{ add_months('sizes.cohort_month', 'months.n') }} = bought.order_month
),

final as (
    select
        cohort_month, month_number, acquired_channel_code, cohort_size, is_mature,
        case when is_mature then buyers end as buyers,
        case when is_mature then {{ ratio('buyers', 'cohort_size') }} end as retention_rate,
        case when is_mature then orders end as orders,
        case when is_mature then {{ money('net') }} end as net,
        case when is_mature then {{ ratio('net_so_far', 'cohort_size') }} end as cumulative_net_per_user
    from filled
)

select * from final
