-- What the CRM knows of each user: membership, points, groups, friends among staff, reviews.
with levels as (
    select distinct on (users.user_id) users.user_id, members.level
    from {{ ref('stg_memberships') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
    where
        members.plan = 'level' and {{ local_day('members.effective_at') }} <= {{ business_date() }}
        and (members.expires_at is null or {{ local_day('members.expires_at') }} > {{ business_date() }})
    order by users.user_id, members.effective_at desc, members.level desc
),

figures as (
    select users.user_id, 'plus' as figure, cast(1 as numeric) as amount
    from {{ ref('stg_memberships') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
    where
        members.plan = 'plus' and {{ local_day('members.effective_at') }} <= {{ business_date() }}
        and (members.expires_at is null or {{ local_day('members.expires_at') }} > {{ business_date() }})
    union all
    select users.user_id, 'points', points.points
    from {{ ref('stg_points') }} as points
    inner join {{ ref('map_contact_user') }} as users on points.contact_id = users.contact_id
    where {{ local_day('points.occurred_at') }} <= {{ business_date() }}
    union all
    select users.user_id, 'groups', count(distinct members.group_id)
    from {{ ref('stg_group_members') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
    where members.left_at is null
    group by users.user_id
    union all
    select users.user_id, 'friends', count(distinct friends.staff_id)
    from {{ ref('stg_friendships') }} as friends
    inner join {{ ref('map_contact_user') }} as users on friends.contact_id = users.contact_id
    where friends.deleted_at is null
    group by users.user_id
    union all
    select coalesce(by_contact.user_id, by_order.user_id), 'review', reviews.rating
    from {{ ref('stg_reviews') }} as reviews
    left join {{ ref('map_contact_user') }} as by_contact on reviews.contact_id = by_contact.contact_id
    left join {{ ref('map_order_user') }} as by_order on reviews.order_id = by_order.order_id
),

gathered as (
    select
        user_id,
        bool_or(figure = 'plus') as is_plus,
        cast(coalesce(sum(amount) filter (where figure = 'points'), 0) as bigint) as points_balance,
        cast(coalesce(max(amount) filter (where figure = 'groups'), 0) as int) as groups,
        cast(coalesce(max(amount) filter (where figure = 'friends'), 0) as int) as staff_friends,
        cast(count(*) filter (where figure = 'review') as int) as reviews,
        trim_scale(avg(amount) filter (where figure = 'review')) as mean_rating
    from figures
    where user_id is not null
    group by user_id
),

final as (
    select coalesce(gathered.user_id, levels.user_id) as user_id, levels.level, gathered.is_plus,
        gathered.points_balance, gathered.groups, gathered.staff_friends, gathered.reviews, gathered.mean_rating
    from gathered
    full join levels on gathered.user_id = levels.user_id
)

select * from final
