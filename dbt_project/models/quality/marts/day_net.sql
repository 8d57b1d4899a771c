with orders as (

    select order_id, order_day, net from {{ ref('int_orders_counted') }}

),

calendar as (

    {{ day_spine(days_back(28), business_date()) }}

),

days as (

    select calendar.day, count(orders.order_id) as orders, coalesce(sum(orders.net), 0) as net
    from calendar
    left join orders on calendar.day = orders.order_day
    group by calendar.day

),

usual as (

    select
        coalesce({{ median('net') }}, 0) as usual_net,
        coalesce({{ median('orders') }}, 0) as usual_orders
    from days
    where day < {{ business_date() }} and {{ iso_weekday('day') }} = {{ iso_weekday(business_date()) }}

),

history as (

    select coalesce({{ days_between(business_date(), 'min(order_day)') }}, 0) as history_days from orders

),

final as (

    select
        'users' as mart,
        history.history_days,
        cast(usual.usual_orders as {{ type_double() }}) as usual_orders,
        cast(days.net as {{ type_double() }}) as net,
        cast(usual.usual_net as {{ type_double() }}) as usual_net,
        cast(case when usual.usual_net > 0 then days.net / usual.usual_net else 1 end as {{ type_double() }}) as ratio
    from days
    cross join usual
    cross join history
    where days.day = {{ business_date() }}

)

select * from final
