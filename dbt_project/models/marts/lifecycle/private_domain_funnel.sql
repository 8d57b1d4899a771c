{% set reached_at = {
    'touched': 'touches.first_touch_at',
    'identified': 'least(touches.identified_at, users.acquired_at)',
    'friend_added': 'users.friend_added_at',
    'replied': 'users.replied_at',
    'group_joined': 'users.group_joined_at',
    'registered': 'users.registered_at',
    'first_order': 'users.first_order_at',
    'repurchased': 'users.repurchased_at',
    'referred': 'brought.referred_at',
} %}
with brought as (
    select referrer_user_id as user_id, min(acquired_at) as referred_at
    from {{ ref('users') }}
    where referrer_user_id is not null and acquired_day <= {{ business_date() }}
    group by referrer_user_id
),

steps as (
    {%- for step in reached_at %}
    select {{ loop.index }} as step_number, '{{ step }}' as step
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

reached as (
    select
        touches.first_touch_month as cohort_month,
        touches.channel_code,
        touches.first_touch_at,
        steps.step_number,
        steps.step,
        case steps.step
            {%- for step, instant in reached_at.items() %}
            when '{{ step }}' then {{ instant }}
            {%- endfor %}
        end as reached_at
    from {{ ref('int_users_first_touches') }} as touches
    inner join {{ ref('int_users_milestones') }} as users on touches.user_id = users.user_id
    left join brought on touches.user_id = brought.user_id
    cross join steps
),

timed as (
    select
        *,
        case
            when reached_at > first_touch_at
                then {{ quotient(microseconds_between('reached_at', 'first_touch_at'), '3600000000') }}
        end as hours
    from reached
),

counted as (
    select
        cohort_month, channel_code, step_number, step,
        count(reached_at) as users,
        {{ median('hours') }} as median_hours
    from timed
    group by cohort_month, channel_code, step_number, step
),

compared as (
    select
        *,
        lag(users) over (partition by cohort_month, channel_code order by step_number) as users_before
    from counted
),

final as (
    select
        cohort_month, channel_code, step, step_number, users,
        {{ ratio('users', 'users_before') }} as step_rate,
        median_hours
    from compared
)

select * from final
