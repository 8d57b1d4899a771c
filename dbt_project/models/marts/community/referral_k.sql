{% set last_day = business_date() %}
with users as (
    select
        users.acquired_month as month,
        users.acquired_day,
        edges.referrer_user_id,
        edges.user_id is not null as is_invited,
        {{ days_between('users.first_order_day', 'users.acquired_day') }}
        <= {{ var('first_order_window_days') }} as is_converted,
        users.is_zombie,
        users.is_one_time,
        users.orders >= 2 as is_repurchaser
    from {{ ref('users') }} as users
    left join {{ ref('int_referral_edges') }} as edges on users.user_id = edges.user_id
    where users.acquired_day <= {{ last_day }}
),

rings as (
    select users.acquired_month as month, count(forest.ring_users) as rings
    from {{ ref('int_referral_forest') }} as forest
    inner join {{ ref('users') }} as users on forest.user_id = users.user_id
    group by users.acquired_month
),

active as (
    select {{ add_months('month', 1) }} as month_after, count(*) as users
    from {{ ref('int_users_active_months') }}
    group by month
),

beginning as (
    select min(month) as month from users
),

numbers as (
    {{ number_spine('(select ' ~ months_between(last_day, 'month') ~ ' from beginning)') }}
),

months as (
    select {{ add_months('beginning.month', 'numbers.n') }} as month
    from beginning
    cross join numbers
),

figures as (
    select
        months.month,
        count(distinct users.referrer_user_id) as inviters,
        count(users.month) filter (where users.is_invited) as invited,
        count(users.month) filter (where not users.is_invited) as others,
        count(*) filter (where users.is_invited and users.is_converted) as converted,
        max(users.acquired_day) filter (where users.is_invited) as last_invited_day,
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
                or {{ days_between(last_day, 'figures.last_invited_day') }} >= {{ var('first_order_window_days') }}
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
        coalesce(rings.rings, 0) as rings,
        {{ add_months('figures.month', 1) }} <= {{ add_days(last_day, 1) }} as is_complete
    from figures
    left join active on figures.month = active.month_after
    left join rings on figures.month = rings.month
)

select * from final
