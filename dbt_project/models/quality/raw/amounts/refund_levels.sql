with refunds as (

    select * from {{ ref('known_refunds') }}

),

orders as (

    {{ newest_by(
        source('raw', 'orders'), ['order_id'], ['order_id', 'paid_amount'], newest_first(),
        '_business_date <= ' ~ business_date() ~ ' and order_id in (select order_id from refunds where _business_date > '
        ~ unpublished_since() ~ ')'
    ) }}

),

refunded as (

    select orders.order_id, sum(refunds.amount) > 1.01 * max(orders.paid_amount) + 0.05 as is_above
    from refunds
    inner join orders on refunds.order_id = orders.order_id
    group by orders.order_id

),

sums as (

    select count(*) as orders_refunded, count(*) filter (where is_above) as orders_above from refunded

),

paid as (

    select {{ local_day('paid_at') }} as day, count(distinct order_id) as orders
    from {{ ref('recent_orders') }}
    where paid_at is not null and status <> 'cancelled'
    group by 1

),

given as (

    select {{ local_day('refunded_at') }} as day, count(*) as refunds from refunds group by 1

),

calendar as (

    {{ day_spine(days_back(42), business_date()) }}

),

-- Refunds of a day against the orders of the fortnight before it: a peak of orders brings a peak of refunds.
days as (

    select calendar.day, coalesce(max(given.refunds), 0) as refunds, coalesce(sum(paid.orders), 0) as orders
    from calendar
    left join given on calendar.day = given.day
    left join paid on {{ add_days('calendar.day', -14) }} < paid.day and calendar.day >= paid.day
    group by calendar.day

),

usual as (

    select
        {{ share('sum(refunds)', 'sum(orders)') }} as usual_share,
        count(*) filter (where orders > 0) as days_before
    from days
    where
        day < {{ business_date() }}
        and day >= {{ level_begins(['refund_volume', 'refunds_exploded'], 'refunds') }}

),

final as (

    select
        'refunds' as export,
        sums.orders_refunded,
        sums.orders_above,
        case when sums.orders_above >= 3 then {{ share('sums.orders_above', 'sums.orders_refunded') }} else 0 end
            as above_share,
        usual.days_before,
        cast(days.orders as bigint) as orders,
        cast(days.refunds as bigint) as refunds,
        cast(days.orders * usual.usual_share as {{ type_double() }}) as usual_refunds,
        cast({{ deviation('days.refunds', 'days.orders * usual.usual_share') }} as {{ type_double() }}) as deviation,
        cast(case when days.refunds >= 20 then days.refunds / greatest(days.orders * usual.usual_share, 1) else 1 end
            as {{ type_double() }}) as ratio
    from days
    cross join usual
    cross join sums
    where days.day = {{ business_date() }}

)

select * from final
