-- An order that comes in two versions a day is normal; with other amounts, or other content at the same time, it is not.
with versions as (

    select _business_date, order_id, count(*) as row_count
    from {{ ref('recent_orders') }}
    where is_new
    group by _business_date, order_id

),

repeated as (

    select
        _business_date,
        order_id,
        count(distinct paid_amount) > 1 or count(distinct gross_amount) > 1 or count(distinct discount_amount) > 1
            as amounts_differ,
        count(*) - count(distinct updated_at) as versions_alike
    from (
        select distinct
            orders._business_date, orders.order_id, orders.updated_at, orders.status, orders.contact_id,
            orders.placed_at, orders.paid_at, orders.paid_amount, orders.gross_amount, orders.discount_amount,
            orders.sales_channel
        from {{ ref('recent_orders') }} as orders
        inner join versions
            on orders._business_date = versions._business_date and orders.order_id = versions.order_id
        where orders.is_new and versions.row_count > 1
    ) as contents
    group by _business_date, order_id

),

conflicts as (

    select
        (select count(*) from versions) as orders,
        count(*) filter (where amounts_differ or versions_alike > 0) as orders_in_conflict
    from repeated

),

sums as (

    select
        is_new,
        abs(paid_amount - gross_amount + discount_amount - shipping_amount) > greatest(0.05, 0.01 * abs(gross_amount))
            as is_off
    from {{ ref('recent_orders') }}
    where is_new or day >= {{ days_back(28) }}

),

counted as (

    select
        count(*) filter (where is_new) as rows_compared,
        count(*) filter (where is_new and is_off) as rows_off,
        count(*) filter (where not is_new) as rows_before,
        {{ share('count(*) filter (where not is_new and is_off) + 0.5', 'count(*) filter (where not is_new) + 1') }}
            as usual_off_share
    from sums

),

final as (

    select
        'orders' as export,
        counted.rows_compared,
        counted.rows_off,
        {{ share('counted.rows_off', 'counted.rows_compared') }} as off_share,
        counted.usual_off_share,
        cast(least(counted.rows_compared, counted.rows_before / 4.0) as {{ type_double() }}) as sample,
        cast({{ deviation(
            'counted.rows_off', 'counted.rows_compared * counted.usual_off_share', '1 - counted.usual_off_share'
        ) }} as {{ type_double() }}) as off_deviation,
        conflicts.orders,
        conflicts.orders_in_conflict,
        {{ share('conflicts.orders_in_conflict', 'conflicts.orders') }} as conflict_share,
        {{ share_of_many('conflicts.orders_in_conflict', 'conflicts.orders') }} as conflict_share_of_many
    from counted
    cross join conflicts

)

select * from final
