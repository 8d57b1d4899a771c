-- Each edge of the users is kept, one level below its inviter, or dropped from a ring of two users or more.
select edges.user_id
from {{ ref('users') }} as edges
inner join {{ ref('referrals') }} as invited on edges.user_id = invited.user_id
left join {{ ref('referrals') }} as inviters on edges.referrer_user_id = inviters.user_id
where
    case
        when inviters.user_id is null
            then invited.referrer_user_id is not null or invited.depth <> 0 or invited.ring_users is not null
        when invited.referrer_user_id is null
            then coalesce(invited.ring_users, 0) < 2 or invited.depth <> 0
        else
            invited.referrer_user_id <> edges.referrer_user_id
            or invited.depth <> inviters.depth + 1
            or invited.ring_users is not null
    end
