-- One row per user × day of int_feature_days with a membership in force on it.
with plans as (
    select
        users.user_id, members.plan, members.level, members.effective_at,
        {{ local_day('members.effective_at') }} as from_day,
        {{ local_day('members.expires_at') }} as expiry_day
    from {{ ref('stg_memberships') }} as members
    inner join {{ ref('map_contact_user') }} as users on members.contact_id = users.contact_id
),

final as (
    select
        plans.user_id, days.as_of,
        (
            array_agg(plans.level order by plans.effective_at desc, plans.level desc)
            filter (where plans.plan = 'level')
        )[1] as level,
        bool_or(plans.plan = 'plus') as is_plus,
        bool_or(plans.plan = 'monthly') as is_monthly,
        -- A plan without an end outlasts every other.
        nullif(
            max(coalesce(plans.expiry_day, 'infinity')) filter (where plans.plan in ('plus', 'monthly')), 'infinity'
        ) - days.as_of as paid_plan_days_left
    from plans
    inner join {{ ref('int_feature_days') }} as days
        on
            plans.from_day <= days.as_of
            and (plans.expiry_day is null or plans.expiry_day > days.as_of)
    group by plans.user_id, days.as_of
)

select * from final
