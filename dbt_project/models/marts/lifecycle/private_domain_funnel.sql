with brought as (

    select
        referrer_user_id as user_id,
        min(acquired_at) as referred_at
    from {{ ref('users') }}
    where referrer_user_id is not null and {{ local_day('acquired_at') }} <= {{ business_date() }}
    group by referrer_user_id

),

reached as (

    select
        touches.user_id,
        touches.first_touch_month as cohort_month,
        touches.channel_code,
        touches.first_touch_at,
        steps.step_number,
        steps.step,
        steps.reached_at
    from {{ ref('int_users_first_touches') }} as touches
    inner join {{ ref('int_users_milestones') }} as users on touches.user_id = users.user_id
    left join brought on touches.user_id = brought.user_id
    cross join lateral (
        values
        (1, 'touched', touches.first_touch_at),
        (2, 'identified', least(touches.identified_at, users.acquired_at)),
        (3, 'friend_added', users.friend_added_at),
        (4, 'replied', users.replied_at),
        (5, 'group_joined', users.group_joined_at),
        (6, 'registered', users.registered_at),
        (7, 'first_order', users.first_order_at),
        (8, 'repurchased', users.repurchased_at),
        (9, 'referred', brought.referred_at)
    ) as steps (step_number, step, reached_at)

),

counted as (

    select
        cohort_month,
        channel_code,
        step_number,
        step,
        count(reached_at) as users,
        percentile_cont(0.5) within group (order by extract(epoch from reached_at - first_touch_at))
        filter (where reached_at > first_touch_at) as median_seconds
    from reached
    group by cohort_month, channel_code, step_number, step

)

select
    cohort_month,
    channel_code,
    step,
    step_number,
    users,
    {{ ratio('users', 'lag(users) over (partition by cohort_month, channel_code order by step_number)') }} as step_rate,
    {{ ratio('median_seconds', '3600') }} as median_hours
from counted
