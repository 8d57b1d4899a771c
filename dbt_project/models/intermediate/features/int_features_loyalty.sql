-- One row per user × day of int_feature_days with a points entry or a coupon by then.
with facts as (
    select
        users.user_id, false as is_coupon, points.reason, points.points, {{ local_day('points.occurred_at') }} as day,
        cast(null as date) as redeemed_day, cast(null as date) as expiry_day
    from {{ ref('stg_points') }} as points
    inner join {{ ref('map_contact_user') }} as users on points.contact_id = users.contact_id
    union all
    select
        users.user_id, true, null, null, {{ local_day('coupons.issued_at') }},
        {{ local_day('coupons.redeemed_at') }}, {{ local_day('coupons.expires_at') }}
    from {{ ref('stg_coupons') }} as coupons
    inner join {{ ref('map_contact_user') }} as users on coupons.contact_id = users.contact_id
),

marked as (
    select
        facts.user_id, days.as_of, facts.is_coupon, facts.reason, facts.points,
        {{ days_between('days.as_of', 'facts.day') }} < 90 as is_recent,
        coalesce(facts.redeemed_day <= days.as_of, false) as is_redeemed,
        {{ days_between('facts.expiry_day', 'days.as_of') }} as days_left
    from facts
    inner join {{ ref('int_feature_days') }} as days on facts.day <= days.as_of
),

figures as (
    select
        user_id, as_of,
        cast(coalesce(sum(points), 0) as bigint) as points_balance,
        cast(coalesce(sum(points) filter (where points > 0 and is_recent), 0) as bigint) as points_earned_90d,
        cast(coalesce(-sum(points) filter (where reason = 'redeem' and is_recent), 0) as bigint) as points_spent_90d,
        cast(count(*) filter (where is_coupon) as int) as coupons_received,
        cast(count(*) filter (where is_redeemed) as int) as coupons_redeemed,
        cast(count(*) filter (where is_coupon and not is_redeemed and days_left >= 0) as int) as coupons_unused,
        cast(count(*) filter (
            where is_coupon and not is_redeemed and days_left between 0 and {{ var('coupon_expiring_days') }}
        ) as int) as coupons_expiring
    from marked
    group by user_id, as_of
),

final as (
    select *, {{ quotient('coupons_redeemed', 'coupons_received') }} as coupon_use_rate
    from figures
)

select * from final
