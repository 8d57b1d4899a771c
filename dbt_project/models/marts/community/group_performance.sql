{% set last_day = business_date() %}
{% set recent_days = var('community_recent_days') %}
-- A stay of a contact that the CRM does not know is a join and a leave of nobody known: no member.
with stays as (
    select
        members.group_id,
        mapped.user_id,
        {{ local_day('members.joined_at') }} as joined_day,
        {{ local_day('members.left_at') }} as left_day
    from {{ ref('stg_group_members') }} as members
    left join {{ ref('map_contact_user') }} as mapped on members.contact_id = mapped.contact_id
    where {{ local_day('members.joined_at') }} <= {{ last_day }}
),

moves as (
    select
        group_id,
        cast(count(*) filter (where {{ last_day }} - joined_day < {{ recent_days }}) as int) as joins_30d,
        cast(count(*) filter (
            where left_day <= {{ last_day }} and {{ last_day }} - left_day < {{ recent_days }}
        ) as int) as leaves_30d
    from stays
    group by group_id
),

present as (
    select distinct group_id, user_id
    from stays
    where user_id is not null and (left_day is null or left_day > {{ last_day }})
),

figures as (
    select
        present.group_id,
        cast(count(*) as int) as members,
        cast(count(*) filter (where users.orders >= 1) as int) as buyers,
        cast(count(*) filter (where users.orders >= 2) as int) as repurchasers,
        sum(users.orders) as member_orders,
        count(*) filter (
            where {{ last_day }} - users.acquired_day >= {{ var('first_order_window_days') }}
        ) as mature_members,
        count(*) filter (
            where {{ last_day }} - users.acquired_day >= {{ var('first_order_window_days') }}
            and users.first_order_day - users.acquired_day <= {{ var('first_order_window_days') }}
        ) as converted_members
    from present
    inner join {{ ref('int_users_acquired') }} as users on present.user_id = users.user_id
    group by present.group_id
),

sales as (
    select group_id, count(*) as orders, sum(net) as net from {{ ref('int_orders_counted') }} group by group_id
),

everything as (
    select sum(orders) as orders from sales
),

final as (
    select
        groups.group_id,
        coalesce(figures.members, 0) as members,
        coalesce(moves.joins_30d, 0) as joins_30d,
        coalesce(moves.leaves_30d, 0) as leaves_30d,
        coalesce(sales.orders, 0) as orders,
        cast(coalesce(sales.net, 0.00) as numeric) as net,
        {{ ratio('coalesce(sales.orders, 0)', 'everything.orders') }} as orders_share,
        {{ ratio('coalesce(figures.member_orders, 0)', 'everything.orders') }} as member_orders_share,
        coalesce(figures.buyers, 0) as buyers,
        coalesce(figures.repurchasers, 0) as repurchasers,
        {{ ratio('figures.repurchasers', 'figures.members') }} as repurchase_share,
        {{ ratio('figures.converted_members', 'figures.mature_members') }} as first_order_conversion
    from {{ ref('stg_groups') }} as groups
    cross join everything
    left join figures on groups.group_id = figures.group_id
    left join moves on groups.group_id = moves.group_id
    left join sales on groups.group_id = sales.group_id
)

select * from final
