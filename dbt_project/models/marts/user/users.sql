with acquired as (
    select * from {{ ref('int_users_acquired') }}
),

attributes as (
    select
        *,
        {{ year_of(business_date()) }} - birth_year as age
    from {{ ref('int_users_contacts') }}
),

referrers as (
    -- A referrer within the same user is none.
    select attributes.user_id, nullif(mapped.user_id, attributes.user_id) as referrer_user_id
    from attributes
    inner join {{ ref('map_contact_user') }} as mapped on attributes.referrer_contact_id = mapped.contact_id
),

reachable as (
    select
        user_id,
        {% for medium in ['sms', 'email', 'wechat', 'app', 'weibo'] %}
        bool_or(medium = '{{ medium }}' and is_reachable) as {{ medium }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_users_reachability') }}
    group by user_id
),

stages as (
    select user_id, stage from {{ ref('int_lifecycle_spans') }}
    where {{ business_date() }} between valid_from and valid_to
),

final as (
    select
        acquired.user_id, acquired.contacts, acquired.registered_at, acquired.acquired_at, acquired.acquired_day,
        acquired.acquired_month, acquired.acquired_channel_code, acquired.first_order_at, acquired.first_order_day,
        acquired.last_order_day, acquired.orders,
        {{ money('acquired.net') }} as net,
        {{ money('acquired.margin') }} as margin,
        attributes.gender, attributes.city, attributes.city_tier, attributes.store_id, attributes.community_id,
        case
            when attributes.age < 18 then '<18'
            when attributes.age < 25 then '18-24'
            when attributes.age < 35 then '25-34'
            when attributes.age < 45 then '35-44'
            when attributes.age < 55 then '45-54'
            when attributes.age >= 55 then '55+'
        end as age_group,
        referrers.referrer_user_id,
        {{ ratio('acquired.net', 'acquired.orders') }} as aov,
        {{ ratio('orders.discount', 'orders.gross') }} as discount_share,
        habits.refund_rate, habits.median_gap_days, habits.favourite_category, habits.preferred_sales_channel,
        {% for medium in ['sms', 'email', 'wechat', 'app', 'weibo'] %}
        coalesce(reachable.{{ medium }}, false) as reachable_{{ medium }},
        {% endfor %}
        crm.level,
        coalesce(crm.is_plus, false) as is_plus,
        coalesce(crm.points_balance, 0) as points_balance,
        coalesce(crm.groups, 0) as groups,
        coalesce(crm.staff_friends, 0) as staff_friends,
        coalesce(crm.reviews, 0) as reviews,
        crm.mean_rating,
        stages.stage,
        acquired.orders = 1
        and {{ days_between(business_date(), 'acquired.first_order_day') }} >= {{ var('one_time_days') }} as is_one_time,
        coalesce(stages.stage = 'zombie', false) as is_zombie
    from acquired
    left join attributes on acquired.user_id = attributes.user_id
    left join referrers on acquired.user_id = referrers.user_id
    left join {{ ref('int_users_counted_orders') }} as orders on acquired.user_id = orders.user_id
    left join {{ ref('int_users_habits') }} as habits on acquired.user_id = habits.user_id
    left join {{ ref('int_users_crm') }} as crm on acquired.user_id = crm.user_id
    left join reachable on acquired.user_id = reachable.user_id
    left join stages on acquired.user_id = stages.user_id
)

select * from final
