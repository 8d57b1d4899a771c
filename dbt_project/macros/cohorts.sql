{#
    The rest of a query whose CTE `cohorts` (user_id, cohort_<period>, <dimension>) says who belongs to which cohort:
    what each cohort bought in each period since. Every cohort has all periods to the business date, or so many as
    `at_most`, zeros included; of the running one only the size is said. `period`: month or week.
#}
{% macro cohort_figures(period, dimension, at_most=none) -%}
{%- set start = 'cohort_' ~ period -%}
{%- if period == 'month' -%}
    {%- set order_start = 'order_month' -%}
    {%- set elapsed = months_between(business_date(), start) -%}
    {%- set nth = add_months(start, 'numbers.n') -%}
    {%- set next = add_months(start, 'numbers.n + 1') -%}
{%- else -%}
    {%- set order_start = week_of('order_day') -%}
    {%- set elapsed = integer_quotient(days_between(business_date(), start), 7) -%}
    {%- set nth = add_days(start, '7 * numbers.n') -%}
    {%- set next = add_days(start, '7 * (numbers.n + 1)') -%}
{%- endif -%}
-- A row a user and period, so that buyers are counted without asking whom one has seen.
orders as (
    select user_id, {{ order_start }} as order_{{ period }}, count(*) as orders, sum(net) as net
    from {{ ref('int_orders_counted') }}
    where user_id is not null
    group by user_id, {{ order_start }}
),

sizes as (
    select {{ start }}, {{ dimension }}, cast(count(*) as int) as cohort_size
    from cohorts
    group by {{ start }}, {{ dimension }}
),

bought as (
    select
        cohorts.{{ start }}, cohorts.{{ dimension }}, orders.order_{{ period }},
        cast(count(*) as int) as buyers,
        cast(sum(orders.orders) as int) as orders,
        sum(orders.net) as net
    from cohorts
    inner join orders on cohorts.user_id = orders.user_id
    group by cohorts.{{ start }}, cohorts.{{ dimension }}, orders.order_{{ period }}
),

numbers as (
    {{ number_spine(
        '(select ' ~ ('least(max(' ~ elapsed ~ '), ' ~ (at_most - 1) ~ ')' if at_most else 'max(' ~ elapsed ~ ')')
        ~ ' from sizes)'
    ) }}
),

spread as (
    select
        sizes.{{ start }}, sizes.{{ dimension }}, sizes.cohort_size, numbers.n,
        {{ nth }} as period_start,
        {{ next }} <= {{ add_days(business_date(), 1) }} as is_mature
    from sizes
    inner join numbers on {{ elapsed }} >= numbers.n
),

filled as (
    select
        spread.{{ start }}, spread.{{ dimension }}, spread.cohort_size, spread.n, spread.is_mature,
        coalesce(bought.buyers, 0) as buyers,
        coalesce(bought.orders, 0) as orders,
        coalesce(bought.net, 0) as net,
        sum(coalesce(bought.net, 0)) over (
            partition by spread.{{ start }}, spread.{{ dimension }} order by spread.n
        ) as net_so_far
    from spread
    left join bought
        on
            spread.{{ start }} = bought.{{ start }}
            and spread.{{ dimension }} = bought.{{ dimension }}
            and spread.period_start = bought.order_{{ period }}
),

final as (
    select
        {{ start }}, n as {{ period }}_number, {{ dimension }}, cohort_size, is_mature,
        case when is_mature then buyers end as buyers,
        case when is_mature then {{ ratio('buyers', 'cohort_size') }} end as retention_rate,
        case when is_mature then orders end as orders,
        case when is_mature then {{ money('net') }} end as net,
        case when is_mature then {{ ratio('net_so_far', 'cohort_size') }} end as cumulative_net_per_user
    from filled
)

select * from final
{%- endmacro %}

{# A query: each buyer in the cohort of the first counted order, by acquired channel and under `all`. #}
{% macro cohorts_by_channel(period) -%}
    select
        acquired.user_id,
        {{ month_of('acquired.first_order_day') if period == 'month' else week_of('acquired.first_order_day') }}
            as cohort_{{ period }},
        case when labels.n = 0 then acquired.acquired_channel_code else 'all' end as acquired_channel_code
    from {{ ref('int_users_acquired') }} as acquired
    cross join ({{ number_spine(1) }}) as labels
    where acquired.first_order_day is not null
{%- endmacro %}
