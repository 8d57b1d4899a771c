-- One row per store × month with a user acquired, a first order of its users, or an order in it: figures as sums.
with users as (
    select
        contacts.store_id, users.user_id, users.acquired_day, users.acquired_month, users.first_order_day,
        {{ month_of('users.first_order_day') }} as first_order_month
    from {{ ref('int_users_acquired') }} as users
    inner join {{ ref('int_users_contacts') }} as contacts on users.user_id = contacts.user_id
    where users.acquired_day <= {{ business_date() }} and contacts.store_id is not null
),

acquired as (
    select
        store_id,
        acquired_month as month,
        count(*) as new_users,
        max(acquired_day) as last_acquired_day,
        count(*) filter (
            where {{ days_between('first_order_day', 'acquired_day') }} <= {{ var('first_order_window_days') }}
        ) as converted_users
    from users
    group by store_id, acquired_month
),

first_buyers as (
    select
        users.store_id,
        users.first_order_month as month,
        count(*) as first_buyers,
        count(*) filter (where money.bought_next_month) as next_month_buyers
    from users
    inner join {{ ref('int_user_early_money') }} as money on users.user_id = money.user_id
    group by users.store_id, users.first_order_month
),

sales as (
    select store_id, order_month as month, count(*) as orders, {{ money('sum(net)') }} as net
    from {{ ref('int_orders_counted') }}
    where store_id is not null
    group by store_id, order_month
),

final as (
    select
        store_id,
        month,
        coalesce(acquired.new_users, 0) as new_users,
        acquired.last_acquired_day,
        coalesce(acquired.converted_users, 0) as converted_users,
        coalesce(first_buyers.first_buyers, 0) as first_buyers,
        coalesce(first_buyers.next_month_buyers, 0) as next_month_buyers,
        coalesce(sales.orders, 0) as orders,
        {{ money('coalesce(sales.net, 0)') }} as net
    from acquired
    full join first_buyers using (store_id, month)
    full join sales using (store_id, month)
)

select * from final
