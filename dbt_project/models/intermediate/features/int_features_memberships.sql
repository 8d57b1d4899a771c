-- One row per user × day of int_feature_days with a membership in force on it.
with plans as (
    select
        users.user_id, members.plan, members.level, members.effective_at,
        {{ local_day('members.effective_at') }} as from_day,
        {{ local_day('members.expires_at') }} as expiry_day
    from {{ ref('stg_memberships') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
),

in_force as (
    select
        plans.user_id, days.as_of, plans.plan, plans.level, plans.expiry_day,
        plans.plan in ('plus', 'monthly') as is_paid,
        row_number() over (
            partition by plans.user_id, days.as_of, plans.plan
            order by plans.effective_at desc, plans.level desc nulls last
        ) as newest_first
    from plans
    inner join {{ ref('int_feature_days') }} as days
        on
            plans.from_day <= days.as_of
            and (plans.expiry_day is null or plans.expiry_day > days.as_of)
),

final as (
    select
        user_id, as_of,
        max(case when plan = 'level' and newest_first = 1 then level end) as level,
        bool_or(plan = 'plus') as is_plus,
        bool_or(plan = 'monthly') as is_monthly,
        -- A plan without an end outlasts every other.
        case
            when not bool_or(is_paid and expiry_day is null)
                then {{ days_between('max(case when is_paid then expiry_day end)', 'as_of') }}
        end as paid_plan_days_left
    from in_force
    group by user_id, as_of
)

select * from final
