-- First friendship and first group of each user.
with friendships as (
    select
        users.user_id, firsts.first_added_at, friendships.channel_code,
        row_number() over (
            partition by users.user_id
            order by
                firsts.first_added_at, {{ by_bytes('firsts.staff_id') }}, {{ by_bytes('firsts.contact_id') }}
        ) as place
    from {{ ref('stg_friendship_firsts') }} as firsts
    inner join {{ ref('map_contact_user') }} as users on firsts.contact_id = users.contact_id
    inner join {{ ref('stg_friendships') }} as friendships
        on firsts.staff_id = friendships.staff_id and firsts.contact_id = friendships.contact_id
),

friends as (
    select user_id, first_added_at, channel_code from friendships where place = 1
),

joins as (
    select users.user_id, min(members.joined_at) as first_joined_at
    from {{ ref('stg_group_members') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
    group by users.user_id
),

final as (
    select
        coalesce(friends.user_id, joins.user_id) as user_id,
        friends.first_added_at,
        friends.channel_code as first_friend_channel_code,
        joins.first_joined_at
    from friends
    full join joins on friends.user_id = joins.user_id
)

select * from final
