-- One row per user × day with an activity, with how many there were, how many signal intent, and at what time of day.
-- What happens at one instant is one activity: a group joined by its QR code is a touch as well.
{% set dayparts = {'morning': [6, 11], 'afternoon': [12, 17], 'evening': [18, 23], 'night': [0, 5]} %}
with activities as (
    select
        user_id, occurred_at as activity_at,
        event_type in ('add_to_cart', 'consult', 'message_in') as is_intent
    from {{ ref('int_events_users') }}
    union all
    select user_id, occurred_at, false from {{ ref('int_touches_users') }}
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
        select contact_id, opened_at, false from {{ ref('stg_pushes') }} where opened_at is not null
        union all
        select contact_id, clicked_at, false from {{ ref('stg_pushes') }} where clicked_at is not null
    ) as friends
    inner join {{ ref('map_contact_user') }} as users on friends.contact_id = users.contact_id
),

instants as (
    select
        user_id,
        {{ local_day('activity_at') }} as activity_day,
        {{ local_hour('activity_at') }} as hour,
        bool_or(is_intent) as is_intent
    from activities
    where activity_at < {{ start_of_day(add_days(business_date(), 1)) }}
    group by user_id, activity_at
),

final as (
    select
        user_id,
        activity_day,
        cast(count(*) as int) as activities,
        cast(count(*) filter (where is_intent) as int) as intents,
        {%- for daypart, (first, last) in dayparts.items() %}
        cast(count(*) filter (where hour between {{ first }} and {{ last }}) as int)
            as {{ daypart }}{{ ',' if not loop.last }}
        {%- endfor %}
    from instants
    group by user_id, activity_day
)

select * from final
