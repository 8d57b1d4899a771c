-- One row per user × day of int_feature_days on or after the acquired day: everything a tag or audience rule may read.
-- What nobody did is 0; what cannot be known (days since a thing that never was, a rate of nothing) is null.
{% set parts = {
    'orders': {
        'counts': [
            'orders', 'orders_30d', 'orders_90d', 'orders_365d', 'discounted_orders', 'deep_discount_orders',
            'weekend_orders', 'app_orders', 'group_orders', 'live_orders', 'marketplace_orders', 'mini_program_orders',
            'other_orders', 'store_orders', 'web_orders',
        ],
        'amounts': ['net', 'net_30d', 'net_90d', 'net_365d', 'margin_365d'],
        'known': [
            'largest_net', 'aov', 'recency_days', 'days_since_first_order', 'mean_gap_days', 'discount_share',
            'preferred_sales_channel',
        ],
    },
    'rfm': {'known': ['r', 'f', 'm', 'segment']},
    'categories': {
        'counts': ['categories', 'units', 'categories_due'],
        'known': [
            'favourite_category', 'favourite_category_share', 'days_to_replenishment', 'next_due_category',
        ],
    },
    'slow_movers': {'counts': ['slow_mover_orders_30d']},
    'refunds': {'counts': ['refunded_orders', 'refunds_90d'], 'known': ['days_since_refund']},
    'activity': {
        'counts': [
            'activities_7d', 'activities_30d', 'activities_90d', 'intents_7d', 'intents_30d', 'intents_90d',
            'active_days_30d',
        ],
        'known': ['days_since_activity', 'weekend_activity_share', 'active_daypart'],
    },
    'events': {
        'counts': [
            'browses_30d', 'searches_30d', 'carts_30d', 'consults_30d', 'messages_30d', 'check_ins_30d', 'shares_30d',
            'games_30d', 'content_views_30d', 'shares_90d',
        ],
        'known': ['days_since_cart'],
    },
    'touches': {'counts': ['touches_30d', 'touch_channels_90d']},
    'social': {
        'counts': [
            'staff_friends', 'staff_replied_to', 'groups', 'groups_left_90d', 'reviews', 'low_ratings_90d',
        ],
        'known': ['days_since_friend_added', 'days_since_group_join', 'mean_rating'],
    },
    'staff_tags': {'known': ['staff_tags']},
    'referrals': {'counts': ['referrals', 'referrals_90d', 'referred_buyers']},
    'memberships': {'flags': ['is_plus', 'is_monthly'], 'known': ['level', 'paid_plan_days_left']},
    'loyalty': {
        'counts': [
            'points_balance', 'points_earned_90d', 'points_spent_90d', 'coupons_received', 'coupons_redeemed',
            'coupons_unused', 'coupons_expiring',
        ],
        'known': ['coupon_use_rate'],
    },
    'pushes': {
        'counts': [
            'pushes_7d', 'pushes_30d', 'pushes_90d', 'pushes_opened_30d', 'pushes_opened_90d', 'pushes_clicked_90d',
            'unsubscribes_90d',
        ],
        'flags': ['is_tired'],
        'known': ['open_rate_90d'],
    },
} %}
select
    profile.*,
    {%- for part, columns in parts.items() %}
    {%- for column in columns.get('counts', []) + columns.get('amounts', []) %}
    coalesce({{ part }}.{{ column }}, 0) as {{ column }},
    {%- endfor %}
    {%- for column in columns.get('flags', []) %}
    coalesce({{ part }}.{{ column }}, false) as {{ column }},
    {%- endfor %}
    {%- for column in columns.get('known', []) %}
    {{ part }}.{{ column }},
    {%- endfor %}
    {%- endfor %}
    {{ quotient('orders.margin_365d', 'orders.net_365d') }} as margin_share_365d
from {{ ref('int_features_profile') }} as profile
{%- for part in parts %}
left join {{ ref('int_user_rfm' if part == 'rfm' else 'int_features_' ~ part) }} as {{ part }}
    on profile.user_id = {{ part }}.user_id and profile.as_of = {{ part }}.as_of
{%- endfor %}
