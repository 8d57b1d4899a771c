{% set last_day = business_date() %}
{% set window_days = var('first_order_window_days') %}
with acquired as (
    select
        {{ month_of('acquired_day') }} as month,
        count(*) as acquired,
        max(acquired_day) as last_acquired_day,
        count(*) filter (
            where {{ days_between('first_order_day', 'acquired_day') }} <= {{ window_days }}
        ) as activated
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ last_day }}
    group by {{ month_of('acquired_day') }}
),

active_months as (
    select month, lag(month) over (partition by user_id order by month) as month_before
    from {{ ref('int_users_active_months') }}
),

active as (
    select
        month,
        count(*) as active,
        count(*) filter (where {{ add_months('month_before', 1) }} = month) as retained
    from active_months
    group by month
),

-- An order without user pays all the same: net holds it, paying cannot.
paid as (
    select order_month as month, count(distinct user_id) as paying, sum(net) as net
    from {{ ref('int_orders_counted') }}
    group by order_month
),

months as (
    select month from acquired
    union
    select month from active
    union
    select month from paid
),

final as (
    select
        months.month,
        coalesce(acquired.acquired, 0) as acquired,
        case
            when acquired.acquired is null then 0
            when {{ days_between(last_day, 'acquired.last_acquired_day') }} >= {{ window_days }} then acquired.activated
        end as activated,
        coalesce(active.active, 0) as active,
        coalesce(active.retained, 0) as retained,
        coalesce(paid.paying, 0) as paying,
        {{ money('coalesce(paid.net, 0)') }} as net,
        coalesce(referrals.invited, 0) as referred,
        coalesce(referrals.inviters, 0) as referrers,
        {{ add_months('months.month', 1) }} <= {{ add_days(last_day, 1) }} as is_complete
    from months
    left join acquired on months.month = acquired.month
    left join active on months.month = active.month
    left join paid on months.month = paid.month
    left join {{ ref('referral_k') }} as referrals on months.month = referrals.month
)

select * from final
