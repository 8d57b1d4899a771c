-- One row per user × day of int_feature_days that has anything social by then: friends among staff, groups, reviews.
-- Facts are stacked as (figure, key, first day, day after the last), so one pass counts them all.
-- Of a friendship or membership that was renewed the current version is known.
with facts as (
    select
        users.user_id, 'friend' as figure, friends.staff_id as fact_key,
        {{ local_day('friends.added_at') }} as from_day,
        {{ local_day('friends.deleted_at') }} as end_day, cast(null as int) as rating
    from {{ ref('stg_friendships') }} as friends
    inner join {{ ref('map_contact_user') }} as users on friends.contact_id = users.contact_id
    union all
    select users.user_id, 'reply', friends.staff_id, {{ local_day('friends.first_reply_at') }}, null, null
    from {{ ref('stg_friendships') }} as friends
    inner join {{ ref('map_contact_user') }} as users on friends.contact_id = users.contact_id
    union all
    select
        users.user_id, 'group', members.group_id, {{ local_day('members.joined_at') }},
        {{ local_day('members.left_at') }}, null
    from {{ ref('stg_group_members') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
    union all
    select
        coalesce(by_contact.user_id, by_order.user_id), 'review', reviews.review_id,
        {{ local_day('reviews.created_at') }}, null, reviews.rating
    from {{ ref('stg_reviews') }} as reviews
    left join {{ ref('map_contact_user') }} as by_contact on reviews.contact_id = by_contact.contact_id
    left join {{ ref('map_order_user') }} as by_order on reviews.order_id = by_order.order_id
),

marked as (
    select
        facts.user_id, facts.figure, facts.fact_key, facts.rating, days.as_of,
        facts.end_day is null or facts.end_day > days.as_of as is_standing,
        {{ days_between('days.as_of', 'facts.end_day') }} as days_since_end,
        {{ days_between('days.as_of', 'facts.from_day') }} as age
    from facts
    inner join {{ ref('int_feature_days') }} as days on facts.from_day <= days.as_of
    where facts.user_id is not null
),

final as (
    select
        user_id, as_of,
        cast(count(distinct fact_key) filter (where figure = 'friend' and is_standing) as int) as staff_friends,
        cast(count(distinct fact_key) filter (where figure = 'reply') as int) as staff_replied_to,
        min(age) filter (where figure = 'friend') as days_since_friend_added,
        cast(count(distinct fact_key) filter (where figure = 'group' and is_standing) as int) as groups,
        min(age) filter (where figure = 'group') as days_since_group_join,
        cast(count(distinct fact_key) filter (
            where figure = 'group' and not is_standing and days_since_end < 90
        ) as int) as groups_left_90d,
        cast(count(distinct fact_key) filter (where figure = 'review') as int) as reviews,
        {{ quotient('sum(rating)', 'count(rating)') }} as mean_rating,
        cast(count(distinct fact_key) filter (
            where figure = 'review' and rating <= {{ var('low_rating') }} and age < 90
        ) as int) as low_ratings_90d
    from marked
    group by user_id, as_of
)

select * from final
