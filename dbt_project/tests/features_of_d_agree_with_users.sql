-- What a user's features say on D must be what `users`, `referrals` and `push_fatigue` say.
select features.user_id
from {{ ref('int_user_features') }} as features
full join (
    select users.*, referrals.direct, coalesce(fatigue.pushes_7d, 0) as pushes_7d
    from {{ ref('users') }} as users
    left join {{ ref('referrals') }} as referrals on users.user_id = referrals.user_id
    left join {{ ref('push_fatigue') }} as fatigue on users.user_id = fatigue.user_id
    where users.acquired_day is not null
) as users on features.user_id = users.user_id
where
    coalesce(features.as_of = {{ business_date() }}, true)
    and row(
        features.orders, features.net, features.aov, features.discount_share, features.favourite_category,
        features.preferred_sales_channel, features.stage, features.level, features.is_plus, features.points_balance,
        features.groups, features.staff_friends, features.reviews, features.mean_rating, features.reachable_sms,
        features.reachable_email, features.reachable_wechat, features.reachable_app, features.reachable_weibo,
        features.referrals, features.pushes_7d
    ) is distinct from row(
        users.orders, users.net, users.aov, users.discount_share, users.favourite_category,
        users.preferred_sales_channel, users.stage, users.level, users.is_plus, users.points_balance,
        users.groups, users.staff_friends, users.reviews, users.mean_rating, users.reachable_sms,
        users.reachable_email, users.reachable_wechat, users.reachable_app, users.reachable_weibo,
        users.direct, users.pushes_7d
    )
