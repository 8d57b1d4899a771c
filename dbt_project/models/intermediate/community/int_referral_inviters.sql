-- One row per user that invited or was invited, numbered from 0 in the order acquired, with who invited them. An edge
-- bears the acquired_at of the invited user; a user without acquired day stands in no edge.
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
    select referrer_user_id as user_id from edges
),

numbered as (
    select
        users.user_id,
        cast(row_number() over (order by users.acquired_at, {{ by_bytes('users.user_id') }}) - 1 as int) as user_no
    from users
    inner join members on users.user_id = members.user_id
),

final as (
    select numbered.user_no, inviters.user_no as inviter_no, numbered.user_id
    from numbered
    left join edges on numbered.user_id = edges.user_id
    left join numbered as inviters on edges.referrer_user_id = inviters.user_id
)

select * from final
