-- What a user's features say on D must be what `users`, `referrals` and `push_fatigue` say. Features are doubles, what
-- is published has six places: half of the last place and the error of a double may lie between them.
{% set same = [
    'orders', 'net', 'favourite_category', 'preferred_sales_channel', 'stage', 'level', 'is_plus', 'points_balance',
    'groups', 'staff_friends', 'reviews', 'reachable_sms', 'reachable_email', 'reachable_wechat', 'reachable_app',
    'reachable_weibo', 'referrals', 'pushes_7d',
] %}
{% set rounded = ['aov', 'discount_share', 'mean_rating'] %}
with features as (
    select
        user_id,
        {{ (same + rounded) | join(', ') }}
    from {{ ref('int_user_features') }}
    where as_of = {{ business_date() }}
),

users as (
    select
        users.*,
        referrals.direct as referrals,
        coalesce(fatigue.pushes_7d, 0) as pushes_7d
    from {{ ref('users') }} as users
    left join {{ ref('referrals') }} as referrals on users.user_id = referrals.user_id
    left join {{ ref('push_fatigue') }} as fatigue on users.user_id = fatigue.user_id
    where users.acquired_day <= {{ business_date() }}
)

select coalesce(features.user_id, users.user_id) as user_id
from features
full outer join users on features.user_id = users.user_id
where
    features.user_id is null
    or users.user_id is null
    {%- for name in same %}
    or features.{{ name }} is distinct from users.{{ name }}
    {%- endfor %}
    {%- for name in rounded %}
    or (features.{{ name }} is null) <> (users.{{ name }} is null)
    or abs(features.{{ name }} - cast(users.{{ name }} as {{ type_double() }})) > 0.000000501
    {%- endfor %}
