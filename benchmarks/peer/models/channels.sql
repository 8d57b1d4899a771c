with users as (
    select
        customers.source_channel_code as channel_code, date_trunc('month', customers.acquired_day)::date as month,
        count(distinct customers.contact_id) as users,
        sum(orders.margin) filter (where orders.order_day - customers.acquired_day < 90) as margin_90
    from {{ ref('customers') }} as customers
    left join {{ ref('orders_newest') }} as orders on customers.contact_id = orders.contact_id
    group by 1, 2
),

costs as (
    select channel_code, date_trunc('month', stat_date)::date as month, sum(cost) as cost
    from (
        select distinct on (stat_date, channel_code, campaign_id, keyword) stat_date, channel_code, cost
        from {{ source('raw', 'ad_stats') }}
        order by stat_date, channel_code, campaign_id, keyword, updated_at desc
    ) as ad_stats
    group by 1, 2
)

select users.*, costs.cost, users.margin_90 / nullif(users.users, 0) as margin_a_user, costs.cost / users.users as cac
from users
left join costs on users.channel_code = costs.channel_code and users.month = costs.month
