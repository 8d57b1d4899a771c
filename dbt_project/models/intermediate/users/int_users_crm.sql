-- What the CRM knows of each user: membership, points, groups, friends among staff, reviews.
{% set in_force -%}
    {{ local_day('members.effective_at') }} <= {{ business_date() }}
    and (members.expires_at is null or {{ local_day('members.expires_at') }} > {{ business_date() }})
{%- endset %}
with memberships as (
    select
        users.user_id, members.plan, members.level,
        row_number() over (
            partition by users.user_id, members.plan order by members.effective_at desc, members.level desc
        ) as newest_first
    from {{ ref('stg_memberships') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
    where {{ in_force }}
),

plans as (
    select
        user_id,
        max(case when plan = 'level' and newest_first = 1 then level end) as level,
        bool_or(plan = 'plus') as is_plus
    from memberships
    group by user_id
),

points as (
    select users.user_id, cast(sum(points.points) as bigint) as points_balance
    from {{ ref('stg_points') }} as points
    inner join {{ ref('map_contact_user') }} as users on points.contact_id = users.contact_id
    where {{ local_day('points.occurred_at') }} <= {{ business_date() }}
    group by users.user_id
),

memberships_of_groups as (
    select users.user_id, cast(count(distinct members.group_id) as int) as groups
    from {{ ref('stg_group_members') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
    where members.left_at is null
    group by users.user_id
),

friends as (
    select users.user_id, cast(count(distinct friends.staff_id) as int) as staff_friends
    from {{ ref('stg_friendships') }} as friends
    inner join {{ ref('map_contact_user') }} as users on friends.contact_id = users.contact_id
    where friends.deleted_at is null
    group by users.user_id
),

reviews as (
    select
        coalesce(by_contact.user_id, by_order.user_id) as user_id,
        cast(count(*) as int) as reviews,
        {{ ratio('sum(reviews.rating)', 'count(reviews.rating)') }} as mean_rating
    from {{ ref('stg_reviews') }} as reviews
    left join {{ ref('map_contact_user') }} as by_contact on reviews.contact_id = by_contact.contact_id
    left join {{ ref('map_order_user') }} as by_order on reviews.order_id = by_order.order_id
    where coalesce(by_contact.user_id, by_order.user_id) is not null
    group by coalesce(by_contact.user_id, by_order.user_id)
),

known as (
    select user_id from plans
    union
    select user_id from points
    union
    select user_id from memberships_of_groups
    union
    select user_id from friends
    union
    select user_id from reviews
),

final as (
    select
        known.user_id, plans.level,
        coalesce(plans.is_plus, false) as is_plus,
        coalesce(points.points_balance, 0) as points_balance,
        coalesce(memberships_of_groups.groups, 0) as groups,
        coalesce(friends.staff_friends, 0) as staff_friends,
        coalesce(reviews.reviews, 0) as reviews,
        reviews.mean_rating
    from known
    left join plans on known.user_id = plans.user_id
    left join points on known.user_id = points.user_id
    left join memberships_of_groups on known.user_id = memberships_of_groups.user_id
    left join friends on known.user_id = friends.user_id
    left join reviews on known.user_id = reviews.user_id
)

select * from final
