-- One row per user × day of int_feature_days that has anything social by then: friends among staff, groups, reviews.
-- Facts are stacked as (figure, key, begin, end), so one pass counts them all.
-- Of a friendship or membership that was renewed the current version is known.
with facts as (
    select
        users.user_id, 'friend' as figure, friends.staff_id as fact_key,
        friends.added_at as begins_at, friends.deleted_at as ends_at, cast(null as int) as rating
    from {{ ref('stg_friendships') }} as friends
    inner join {{ ref('map_contact_user') }} as users on friends.contact_id = users.contact_id
    union all
    select users.user_id, 'reply', friends.staff_id, friends.first_reply_at, null, null
    from {{ ref('stg_friendships') }} as friends
    inner join {{ ref('map_contact_user') }} as users on friends.contact_id = users.contact_id
    union all
    select users.user_id, 'group', members.group_id, members.joined_at, members.left_at, null
    from {{ ref('stg_group_members') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
    union all
    select
        coalesce(by_contact.user_id, by_order.user_id), 'review', reviews.review_id, reviews.created_at, null,
        reviews.rating
    from {{ ref('stg_reviews') }} as reviews
    left join {{ ref('map_contact_user') }} as by_contact on reviews.contact_id = by_contact.contact_id
    left join {{ ref('map_order_user') }} as by_order on reviews.order_id = by_order.order_id
),

marked as (
    select
        facts.user_id, days.as_of, facts.figure, facts.fact_key, facts.begins_at, facts.rating,
        facts.begins_at >= days.since_90d as is_recent,
        facts.ends_at is null or facts.ends_at >= days.ends_at as is_standing,
        facts.ends_at >= days.since_90d as ended_lately
    from facts
    inner join {{ ref('int_feature_days') }} as days on facts.begins_at < days.ends_at
    where facts.user_id is not null
),

figures as (
    select
        user_id, as_of,
        cast(count(distinct fact_key) filter (where figure = 'friend' and is_standing) as int) as staff_friends,
        cast(count(distinct fact_key) filter (where figure = 'reply') as int) as staff_replied_to,
        max(begins_at) filter (where figure = 'friend') as last_friend_at,
        cast(count(distinct fact_key) filter (where figure = 'group' and is_standing) as int) as groups,
        max(begins_at) filter (where figure = 'group') as last_join_at,
        cast(count(distinct fact_key) filter (
            where figure = 'group' and not is_standing and ended_lately
        ) as int) as groups_left_90d,
        cast(count(distinct fact_key) filter (where figure = 'review') as int) as reviews,
        {{ quotient('sum(rating)', 'count(rating)') }} as mean_rating,
        cast(count(distinct fact_key) filter (
            where figure = 'review' and rating <= {{ var('low_rating') }} and is_recent
        ) as int) as low_ratings_90d
    from marked
    group by user_id, as_of
),

final as (
    select
        user_id, as_of, staff_friends, staff_replied_to, groups, groups_left_90d, reviews, mean_rating, low_ratings_90d,
        {{ days_between('as_of', local_day('last_friend_at')) }} as days_since_friend_added,
        {{ days_between('as_of', local_day('last_join_at')) }} as days_since_group_join
    from figures
)

select * from final
