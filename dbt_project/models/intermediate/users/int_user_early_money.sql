-- One row per user with a counted order and an acquired day: money by days since acquisition,
-- and whether they bought again in the month after that of their first order.
select
    users.user_id,
    {%- for days in [30, 90, 180] %}
    {%- for amount in ['net', 'margin'] %}
    coalesce(
        sum(orders.{{ amount }}) filter (
            where {{ days_between('orders.order_day', 'users.acquired_day') }} < {{ days }}
        ), 0
    ) as {{ amount }}_{{ days }},
    {%- endfor %}
    {%- endfor %}
    bool_or({{ months_between('orders.order_day', 'users.first_order_day') }} = 1) as bought_next_month
from {{ ref('int_users_acquired') }} as users
inner join {{ ref('int_orders_counted') }} as orders on users.user_id = orders.user_id
where users.acquired_day <= {{ business_date() }}
group by users.user_id
