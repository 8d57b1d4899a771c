-- One row per user × day of int_feature_days with a points entry or a coupon by then.
with points as (
    select
        users.user_id, days.as_of,
        sum(points.points) as balance,
        sum(points.points) filter (where points.points > 0 and points.occurred_at >= days.since_90d) as earned_90d,
        -sum(points.points) filter (
            where points.reason = 'redeem' and points.occurred_at >= days.since_90d
        ) as spent_90d
    from {{ ref('stg_points') }} as points
    inner join {{ ref('int_feature_days') }} as days on points.occurred_at < days.ends_at
    inner join {{ ref('map_contact_user') }} as users on points.contact_id = users.contact_id
    group by users.user_id, days.as_of
),

held as (
    select
        users.user_id, days.as_of,
        coalesce(coupons.redeemed_at < days.ends_at, false) as is_redeemed,
        {{ days_between(local_day('coupons.expires_at'), 'days.as_of') }} as days_left
    from {{ ref('stg_coupons') }} as coupons
    inner join {{ ref('int_feature_days') }} as days on coupons.issued_at < days.ends_at
    inner join {{ ref('map_contact_user') }} as users on coupons.contact_id = users.contact_id
),

coupons as (
    select
        user_id, as_of,
        cast(count(*) as int) as received,
        cast(count(*) filter (where is_redeemed) as int) as redeemed,
        cast(count(*) filter (where not is_redeemed and days_left >= 0) as int) as unused,
        cast(count(*) filter (
            where not is_redeemed and days_left between 0 and {{ var('coupon_expiring_days') }}
        ) as int) as expiring
    from held
    group by user_id, as_of
),

final as (
    select
        coalesce(points.user_id, coupons.user_id) as user_id,
        coalesce(points.as_of, coupons.as_of) as as_of,
        {%- for figure in ['balance', 'earned_90d', 'spent_90d'] %}
        cast(coalesce(points.{{ figure }}, 0) as bigint) as points_{{ figure }},
        {%- endfor %}
        {%- for figure in ['received', 'redeemed', 'unused', 'expiring'] %}
        coalesce(coupons.{{ figure }}, 0) as coupons_{{ figure }},
        {%- endfor %}
        {{ quotient('coupons.redeemed', 'coupons.received') }} as coupon_use_rate
    from points
    full outer join coupons on points.user_id = coupons.user_id and points.as_of = coupons.as_of
)

select * from final
