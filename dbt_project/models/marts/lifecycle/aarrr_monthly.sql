{% set last_day = business_date() %}
{% set window_days = var('first_order_window_days') %}
with acquired as (

    select
        cast(date_trunc('month', acquired_day) as date) as month,
        count(*) as acquired,
        max(acquired_day) as last_acquired_day,
        count(*) filter (where first_order_day - acquired_day <= {{ window_days }}) as activated,
        count(referrer_user_id) as referred,
        count(distinct referrer_user_id) as referrers
    from {{ ref('users') }}
    where acquired_day <= {{ last_day }}
    group by 1

),

active as (

    select
        month,
        count(*) as active,
        count(*) filter (where month_before + interval '1 month' = month) as retained
    from (
        select
            month,
            lag(month) over (partition by user_id order by month) as month_before
        from {{ ref('int_users_active_months') }}
    ) as months
    group by month

),

-- An order without user pays all the same: net holds it, paying cannot.
paid as (

    select
        order_month as month,
        count(distinct user_id) as paying,
        sum(net) as net
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
            when {{ last_day }} - acquired.last_acquired_day >= {{ window_days }} then acquired.activated
        end as activated,
        coalesce(active.active, 0) as active,
        coalesce(active.retained, 0) as retained,
        coalesce(paid.paying, 0) as paying,
        cast(coalesce(paid.net, 0.00) as numeric) as net,
        coalesce(acquired.referred, 0) as referred,
        coalesce(acquired.referrers, 0) as referrers,
        {{ last_day }} >= cast(months.month + interval '1 month' as date) - 1 as is_complete
    from months
    left join acquired on months.month = acquired.month
    left join active on months.month = active.month
    left join paid on months.month = paid.month

)

select * from final
