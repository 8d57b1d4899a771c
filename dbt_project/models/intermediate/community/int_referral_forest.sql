-- One row per user that invited or was invited, with its place in the forest. An edge bears the acquired_at of the
-- invited user; a user without acquired day stands in no edge.
with users as (
    select user_id, acquired_at, referrer_user_id
    from {{ ref('users') }}
    where acquired_day <= {{ business_date() }}
),

edges as (
    select invited.user_id, invited.referrer_user_id
    from users as invited
    inner join users as inviters on invited.referrer_user_id = inviters.user_id
),

members as (
    select user_id from edges
    union
    select referrer_user_id from edges
),

numbered as (
    select
        users.user_id,
        row_number() over (order by users.acquired_at, {{ by_bytes('users.user_id') }}) as node
    from users
    inner join members on users.user_id = members.user_id
),

inviters as (
    select array_agg(cast(coalesce(inviter.node, 0) as int) order by invited.node) as nodes
    from numbered as invited
    left join edges on invited.user_id = edges.user_id
    left join numbered as inviter on edges.referrer_user_id = inviter.user_id
),

final as (
    select
        own.user_id,
        inviter.user_id as referrer_user_id,
        forest.depth,
        forest.direct,
        forest.below - forest.direct as indirect,
        forest.levels_below,
        nullif(forest.ring_users, 0) as ring_users
    from inviters
    cross join lateral {{ target.schema }}.referral_forest(inviters.nodes) as forest
    inner join numbered as own on forest.node = own.node
    left join numbered as inviter on forest.inviter = inviter.node
)

select * from final
