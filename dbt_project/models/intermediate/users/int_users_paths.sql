-- One row per acquired user: its path, the order of first friend, group and registration before the first order.
with users as (

    select * from {{ ref('int_users_milestones') }} where acquired_day is not null

),

reached as (
    {%- for step, reached_at in {
        'friend': 'friend_added_at', 'group': 'group_joined_at', 'register': 'registered_at'
    }.items() %}
    select user_id, {{ loop.index }} as rank, '{{ step }}' as step, {{ reached_at }} as reached_at
    from users
    where {{ reached_at }} is not null and (first_order_at is null or {{ reached_at }} < first_order_at)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

steps as (
    select user_id, {{ joined_texts('step', '>', 'reached_at, rank') }} as path
    from reached
    group by user_id
)

select
    users.user_id,
    users.acquired_day,
    users.first_order_day,
    coalesce(steps.path, 'none') as path
from users
left join steps on users.user_id = steps.user_id
