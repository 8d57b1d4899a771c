-- One row per user: when each step of the private domain was first reached; null where not by D.
{% set last_day = business_date() %}
with replies as (

    select
        mapped.user_id,
        min(friends.first_reply_at) as replied_at
    from {{ ref('stg_friendships') }} as friends
    inner join {{ ref('map_contact_user') }} as mapped on friends.contact_id = mapped.contact_id
    group by mapped.user_id

),

second_orders as (

    select
        user_id,
        paid_at as repurchased_at
    from {{ ref('int_orders_counted') }}
    where order_seq = 2

),

reached as (

    select
        users.user_id,
        users.acquired_day,
        users.first_order_day,
        users.first_order_at,
        second_orders.repurchased_at,
        users.acquired_at,
        firsts.first_added_at as friend_added_at,
        replies.replied_at,
        firsts.first_joined_at as group_joined_at,
        users.registered_at
    from {{ ref('int_users_acquired') }} as users
    left join {{ ref('int_users_first_friends') }} as firsts on users.user_id = firsts.user_id
    left join replies on users.user_id = replies.user_id
    left join second_orders on users.user_id = second_orders.user_id

)

select
    user_id,
    case when acquired_day <= {{ last_day }} then acquired_day end as acquired_day,
    first_order_day,
    first_order_at,
    repurchased_at,
    {%- for step in ['acquired_at', 'friend_added_at', 'replied_at', 'group_joined_at', 'registered_at'] %}
    case when {{ local_day(step) }} <= {{ last_day }} then {{ step }} end as {{ step }}{{ ',' if not loop.last }}
    {%- endfor %}
from reached
