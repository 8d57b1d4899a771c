-- One row per user × day of int_feature_days with a points entry or a coupon by then.
with facts as (
    select
        users.user_id, 'points' as figure, points.reason, points.points::bigint as points,
        {{ local_day('points.occurred_at') }} as day, null::date as redeemed_day, null::date as expiry_day
    from {{ ref('stg_points') }} as points
    inner join {{ ref('map_contact_user') }} as users on points.contact_id = users.contact_id
    union all
    select
        users.user_id, 'coupon', null, null, {{ local_day('coupons.issued_at') }},
        {{ local_day('coupons.redeemed_at') }}, {{ local_day('coupons.expires_at') }}
    from {{ ref('stg_coupons') }} as coupons
    inner join {{ ref('map_contact_user') }} as users on coupons.contact_id = users.contact_id
),

marked as (
    select
        facts.*, days.as_of,
        coalesce(facts.redeemed_day <= days.as_of, false) as is_redeemed,
        facts.expiry_day - days.as_of as days_left
    from facts
    inner join {{ ref('int_feature_days') }} as days
        on facts.day <= days.as_of and {{ is_taken('facts.user_id') }}
),

final as (
    select
        user_id, as_of,
        coalesce(sum(points), 0)::bigint as points_balance,
        coalesce(sum(points) filter (where points > 0 and as_of - day < 90), 0)::bigint as points_earned_90d,
        coalesce(-sum(points) filter (where reason = 'redeem' and as_of - day < 90), 0)::bigint as points_spent_90d,
        (count(*) filter (where figure = 'coupon'))::int as coupons_received,
        (count(*) filter (where is_redeemed))::int as coupons_redeemed,
        (count(*) filter (where figure = 'coupon' and not is_redeemed and days_left >= 0))::int as coupons_unused,
        (count(*) filter (
            where figure = 'coupon' and not is_redeemed and days_left between 0 and {{ var('coupon_expiring_days') }}
        ))::int as coupons_expiring,
        {{ ratio(
            "count(*) filter (where is_redeemed)", "count(*) filter (where figure = 'coupon')"
        ) }} as coupon_use_rate
    from marked
    group by user_id, as_of
)

select * from final
