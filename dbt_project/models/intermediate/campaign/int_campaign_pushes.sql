-- One row per campaign with pushes: their fate, the media they used, and the orders that followed them within the days
-- of response, which are null until those days are over for the last push. An order after several pushes counts once.
{% set days = var('campaign_response_days') %}
with pushes as (
    select
        campaign_id,
        count(*) as pushes,
        count(*) filter (where is_delivered) as delivered,
        count(*) filter (where is_opened) as opened,
        count(*) filter (where is_clicked) as clicked,
        count(*) filter (where is_unsubscribed) as unsubscribed,
        {%- for medium in reach_media() %}
        bool_or(medium = '{{ medium }}' and user_id is not null) as is_by_{{ medium }},
        {%- endfor %}
        {{ days_between(business_date(), 'max(sent_day)') }} >= {{ days }} as is_mature
    from {{ ref('int_pushes_users') }}
    where campaign_id is not null
    group by campaign_id
),

users as (
    select campaign_id, count(*) as pushed_users
    from {{ ref('int_campaign_first_pushes') }}
    group by campaign_id
),

followed as (
    select distinct campaign_id, order_id, net, margin
    from {{ ref('int_pushes_orders') }}
    where campaign_id is not null
),

orders as (
    select campaign_id, count(*) as orders_7d, sum(net) as net_7d, sum(margin) as margin_7d
    from followed
    group by campaign_id
),

final as (
    select
        pushes.*,
        coalesce(users.pushed_users, 0) as pushed_users,
        {%- for figure in ['orders_7d', 'net_7d', 'margin_7d'] %}
        case when pushes.is_mature then coalesce(orders.{{ figure }}, 0) end as {{ figure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from pushes
    left join users on pushes.campaign_id = users.campaign_id
    left join orders on pushes.campaign_id = orders.campaign_id
)

select * from final
