-- Every user with when and by which channel it was acquired.
with users as (
    select user_id from {{ ref('map_contact_user') }}
    union
    select user_id from {{ ref('map_order_user') }}
    union
    select user_id from {{ ref('int_touches_users') }}
    union
    select user_id from {{ ref('int_events_users') }}
),

dated as (
    select
        users.user_id, contacts.registered_at, contacts.source_channel_code, friends.first_friend_channel_code,
        orders.first_order_channel_code, orders.first_order_at, orders.first_order_day, orders.last_order_day,
        coalesce(contacts.contacts, 0) as contacts,
        coalesce(orders.orders, 0) as orders,
        coalesce(orders.net, 0) as net,
        coalesce(orders.margin, 0) as margin,
        least(
            contacts.registered_at, friends.first_added_at, friends.first_joined_at, orders.first_order_at
        ) as acquired_at
    from users
    left join {{ ref('int_users_contacts') }} as contacts on users.user_id = contacts.user_id
    left join {{ ref('int_users_first_friends') }} as friends on users.user_id = friends.user_id
    left join {{ ref('int_users_counted_orders') }} as orders on users.user_id = orders.user_id
),

touches as (
    select
        dated.user_id, touches.channel_code,
        row_number() over (
            partition by dated.user_id order by touches.occurred_at, {{ by_bytes('touches.touch_id') }}
        ) as place
    from dated
    inner join {{ ref('int_touches_users') }} as touches on dated.user_id = touches.user_id
    where
        {{ days_between(local_day('dated.acquired_at'), local_day('touches.occurred_at')) }}
        between 0 and {{ var('touch_window_days') }} - 1
),

final as (
    select
        dated.user_id, dated.contacts, dated.registered_at, dated.acquired_at,
        {{ local_day('dated.acquired_at') }} as acquired_day,
        {{ month_of(local_day('dated.acquired_at')) }} as acquired_month,
        coalesce(
            dated.source_channel_code, touches.channel_code, dated.first_friend_channel_code,
            dated.first_order_channel_code, 'unknown'
        ) as acquired_channel_code,
        dated.first_order_at, dated.first_order_day, dated.last_order_day,
        dated.orders, dated.net, dated.margin
    from dated
    left join touches on dated.user_id = touches.user_id and touches.place = 1
)

select * from final
