-- One row per acquired user: its path, the order of first friend, group and registration before the first order.
with users as (

    select * from {{ ref('int_users_milestones') }} where acquired_day is not null

),

steps as (

    select
        users.user_id,
        string_agg(steps.step, '>' order by steps.reached_at, steps.rank) as path
    from users
    cross join lateral (
        values
        (1, 'friend', users.friend_added_at),
        (2, 'group', users.group_joined_at),
        (3, 'register', users.registered_at)
    ) as steps (rank, step, reached_at)
    where steps.reached_at is not null and (users.first_order_at is null or steps.reached_at < users.first_order_at)
    group by users.user_id

)

select
    users.user_id,
    users.acquired_day,
    users.first_order_day,
    coalesce(steps.path, 'none') as path
from users
left join steps on users.user_id = steps.user_id
