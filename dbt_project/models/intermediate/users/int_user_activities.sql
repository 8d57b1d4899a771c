-- Everything that counts as activity, and which of it signals intent. What falls into one instant is one activity: a
-- group joined by its QR code is a touch as well.
with activities as (
    select users.user_id, events.occurred_at as activity_at,
        events.event_type in ('add_to_cart', 'consult', 'message_in') as is_intent
    from {{ ref('stg_events') }} as events
    inner join {{ ref('int_events_users') }} as users on events.event_id = users.event_id
    union all
    select users.user_id, touches.occurred_at, false
    from {{ ref('stg_touches') }} as touches
    inner join {{ ref('int_touches_users') }} as users on touches.touch_id = users.touch_id
    union all
    select users.user_id, orders.placed_at, false
    from {{ ref('stg_orders') }} as orders
    inner join {{ ref('map_order_user') }} as users on orders.order_id = users.order_id
    union all
    select users.user_id, friends.instant, friends.is_intent
    from (
        select contact_id, first_added_at as instant, false as is_intent from {{ ref('stg_friendship_firsts') }}
        union all
        select contact_id, added_at, false from {{ ref('stg_friendships') }}
        union all
        select contact_id, first_reply_at, true from {{ ref('stg_friendships') }}
        union all
        select contact_id, joined_at, true from {{ ref('stg_group_members') }}
        union all
        select contact_id, opened_at, false from {{ ref('stg_pushes') }}
        union all
        select contact_id, clicked_at, false from {{ ref('stg_pushes') }}
    ) as friends
    inner join {{ ref('map_contact_user') }} as users on friends.contact_id = users.contact_id
),

final as (
    select user_id, activity_at, {{ local_day('activity_at') }} as activity_day, bool_or(is_intent) as is_intent
    from activities
    where activity_at is not null and {{ local_day('activity_at') }} <= {{ business_date() }}
    group by 1, 2, 3
)

select * from final
