{% set last_day = business_date() %}
with users as (
    select
        users.acquired_month as month,
        users.acquired_day,
        referrals.referrer_user_id,
        referrals.ring_users,
        referrals.referrer_user_id is not null as is_invited,
        coalesce(
            users.first_order_day - users.acquired_day <= {{ var('first_order_window_days') }}, false
        ) as is_converted,
        users.is_zombie,
        users.is_one_time,
        users.orders >= 2 as is_repurchaser
    from {{ ref('users') }} as users
    inner join {{ ref('referrals') }} as referrals on users.user_id = referrals.user_id
),

active as (
    select month, count(*) as users from {{ ref('int_users_active_months') }} group by month
),

months as (
    select cast(months.month as date) as month
    from (select min(month) as first_month from users) as bounds
    cross join lateral generate_series(
        cast(bounds.first_month as timestamp), cast({{ last_day }} as timestamp), interval '1 month'
    ) as months (month)
),

figures as (
    select
        months.month,
        count(distinct users.referrer_user_id) as inviters,
        count(users.month) filter (where users.is_invited) as invited,
        count(users.month) filter (where not users.is_invited) as others,
        count(*) filter (where users.is_invited and users.is_converted) as converted,
        max(users.acquired_day) filter (where users.is_invited) as last_invited_day,
        count(users.ring_users) as rings,
        {%- for share in ['zombie', 'one_time', 'repurchaser'] %}
        count(*) filter (where users.is_invited and users.is_{{ share }}) as invited_{{ share }},
        count(*) filter (where not users.is_invited and users.is_{{ share }}) as others_{{ share }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from months
    left join users on months.month = users.month
    group by months.month
),

final as (
    select
        figures.month,
        figures.inviters,
        figures.invited,
        case
            when
                figures.invited = 0
                or {{ last_day }} - figures.last_invited_day >= {{ var('first_order_window_days') }}
                then figures.converted
        end as converted,
        coalesce(active.users, 0) as active_before,
        {{ ratio('figures.invited', 'active.users') }} as k,
        {{ ratio('figures.invited_zombie', 'figures.invited') }} as zombie_share,
        {{ ratio('figures.invited_one_time', 'figures.invited') }} as one_time_share,
        {{ ratio('figures.invited_repurchaser', 'figures.invited') }} as repurchase_share,
        figures.others,
        {{ ratio('figures.others_zombie', 'figures.others') }} as others_zombie_share,
        {{ ratio('figures.others_one_time', 'figures.others') }} as others_one_time_share,
        {{ ratio('figures.others_repurchaser', 'figures.others') }} as others_repurchase_share,
        figures.rings,
        cast(figures.month + interval '1 month' as date) - 1 <= {{ last_day }} as is_complete
    from figures
    left join active on figures.month = cast(active.month + interval '1 month' as date)
)

select * from final
