-- One row per figure × day × channel: each source of channel_daily by itself, stacked.
-- Touches and friends go by their own channel, the rest by the acquired channel of their user.
{% set last_day = business_date() %}
with users as (
    select
        user_id,
        coalesce(acquired_channel_code, 'unknown') as channel_code,
        {{ local_day('registered_at') }} as registered_day,
        first_order_day
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ last_day }}
),

touches as (
    select
        {{ local_day('occurred_at') }} as day,
        coalesce(channel_code, 'unknown') as channel_code,
        coalesce(contact_id, phone_hash, email_hash, unionid_hash) is not null as is_identified
    from {{ ref('stg_touches') }}
),

friends as (
    select {{ local_day('added_at') }} as day, coalesce(channel_code, 'unknown') as channel_code
    from {{ ref('stg_friendships') }}
),

joins as (
    select
        {{ local_day('members.joined_at') }} as day,
        coalesce(users.channel_code, 'unknown') as channel_code
    from {{ ref('stg_group_members') }} as members
    left join {{ ref('map_contact_user') }} as contact_map on members.contact_id = contact_map.contact_id
    left join users on contact_map.user_id = users.user_id
),

-- An order without identifier has no user: it stands under `unknown`.
orders as (
    select counted.order_day as day, coalesce(users.channel_code, 'unknown') as channel_code, counted.net
    from {{ ref('int_orders_counted') }} as counted
    left join users on counted.user_id = users.user_id
),

stacked as (
    {%- for figure, day, amount, rows in [
        ('touches', 'day', 'count(*)', 'touches'),
        ('identified', 'day', 'count(*)', 'touches where is_identified'),
        ('friends_added', 'day', 'count(*)', 'friends'),
        ('group_joins', 'day', 'count(*)', 'joins'),
        ('registrations', 'registered_day', 'count(*)', 'users'),
        ('first_orders', 'first_order_day', 'count(*)', 'users'),
        ('orders', 'day', 'count(*)', 'orders'),
        ('net', 'day', 'sum(net)', 'orders'),
        ('impressions', 'stat_date', 'sum(impressions)', ref('int_ad_costs')),
        ('clicks', 'stat_date', 'sum(clicks)', ref('int_ad_costs')),
        ('cost', 'stat_date', 'sum(cost)', ref('int_ad_costs')),
        ('platform_conversions', 'stat_date', 'sum(platform_conversions)', ref('int_ad_costs')),
        ('platform_conversion_value', 'stat_date', 'sum(platform_conversion_value)', ref('int_ad_costs')),
    ] %}
    select
        '{{ figure }}' as figure, {{ day }} as day, channel_code, cast({{ amount }} as decimal(24, 6)) as amount
    from {{ rows }}
    group by {{ day }}, channel_code
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select figure, day, channel_code, amount
from stacked
-- A platform's 0 is said, so it stays: where it says nothing the amount is null.
where
    day <= {{ last_day }}
    and (amount <> 0 or (figure in ('platform_conversions', 'platform_conversion_value') and amount is not null))
