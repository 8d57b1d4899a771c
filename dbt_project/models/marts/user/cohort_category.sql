-- The category of a buyer is the one with the largest amount in the first counted order, ties by name.
with amounts as (
    select orders.user_id, lines.category, sum(lines.line_amount) as amount
    from {{ ref('int_orders_counted') }} as orders
    inner join {{ ref('int_order_lines') }} as lines on orders.order_id = lines.order_id
    where orders.order_seq = 1 and lines.category is not null
    group by orders.user_id, lines.category
),

ranked as (
    select
        user_id, category,
        row_number() over (partition by user_id order by amount desc, {{ by_bytes('category') }}) as place
    from amounts
),

cohorts as (
    select
        acquired.user_id,
        {{ month_of('acquired.first_order_day') }} as cohort_month,
        coalesce(ranked.category, 'unknown') as category
    from {{ ref('int_users_acquired') }} as acquired
    left join ranked on acquired.user_id = ranked.user_id and ranked.place = 1
    where acquired.first_order_day is not null
),

{{ cohort_figures('month', 'category') }}
