-- One row per acquired channel × acquired month: the users' figures as sums, mature or not.
{% set last_day = business_date() %}
with users as (
    select
        *,
        coalesce(acquired_channel_code, 'unknown') as channel_code,
        first_order_day is not null and {{ month_of('first_order_day') }} = acquired_month as is_first_in_month
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ last_day }}
),

zombies as (
    select user_id from {{ ref('int_lifecycle_spans') }}
    where stage = 'zombie' and valid_to = {{ last_day }}
),

final as (
    select
        users.channel_code,
        users.acquired_month,
        count(*) as users,
        max(users.acquired_day) as last_acquired_day,
        count(users.first_order_day) as first_order_users,
        count(*) filter (
            where
                {{ days_between('users.first_order_day', 'users.acquired_day') }}
                <= {{ var('first_order_window_days') }}
        ) as converted_users,
        count(*) filter (where users.is_first_in_month) as first_month_buyers,
        count(*) filter (where users.is_first_in_month and money.bought_next_month) as next_month_buyers,
        count(*) filter (
            where
                users.orders = 1
                and {{ days_between(last_day, 'users.first_order_day') }} >= {{ var('one_time_days') }}
        ) as one_time_users,
        {%- for days in [30, 90, 180] %}
        {%- for amount in ['net', 'margin'] %}
        coalesce(sum(money.{{ amount }}_{{ days }}), 0) as {{ amount }}_{{ days }},
        {%- endfor %}
        {%- endfor %}
        count(zombies.user_id) as zombie_users
    from users
    left join {{ ref('int_user_early_money') }} as money on users.user_id = money.user_id
    left join zombies on users.user_id = zombies.user_id
    group by users.channel_code, users.acquired_month
)

select * from final
