-- One row per user × day of int_feature_days with a membership in force on it.
with in_force as (
    select
        users.user_id, days.as_of, members.plan, members.level, members.expires_at,
        members.plan in ('plus', 'monthly') as is_paid,
        row_number() over (
            partition by users.user_id, days.as_of, members.plan
            order by members.effective_at desc, members.level desc nulls last
        ) as newest_first
    from {{ ref('stg_memberships') }} as members
    inner join {{ ref('int_feature_days') }} as days
        on
            members.effective_at < days.ends_at
            and (members.expires_at is null or members.expires_at >= days.ends_at)
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
),

plans as (
    select
        user_id, as_of,
        max(case when plan = 'level' and newest_first = 1 then level end) as level,
        bool_or(plan = 'plus') as is_plus,
        bool_or(plan = 'monthly') as is_monthly,
        bool_or(is_paid and expires_at is null) as is_without_end,
        max(case when is_paid then expires_at end) as paid_until
    from in_force
    group by user_id, as_of
),

final as (
    select
        user_id, as_of, level, is_plus, is_monthly,
        -- A plan without an end outlasts every other.
        case
            when not is_without_end then {{ days_between(local_day('paid_until'), 'as_of') }}
        end as paid_plan_days_left
    from plans
)

select * from final
