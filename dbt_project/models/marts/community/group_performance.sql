{% set last_day = business_date() %}
{% set recent_days = var('community_recent_days') %}
{% set window_days = var('first_order_window_days') %}
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
        cast(count(*) filter (
            where {{ days_between(last_day, 'joined_day') }} < {{ recent_days }}
        ) as int) as joins_30d,
        cast(count(*) filter (
            where left_day <= {{ last_day }} and {{ days_between(last_day, 'left_day') }} < {{ recent_days }}
        ) as int) as leaves_30d
    from stays
    group by group_id
),

present as (
    select distinct group_id, user_id
    from stays
    where user_id is not null and (left_day is null or left_day > {{ last_day }})
),

members as (
    select
        present.group_id,
        users.orders,
        {{ days_between(last_day, 'users.acquired_day') }} >= {{ window_days }} as is_mature,
        {{ days_between('users.first_order_day', 'users.acquired_day') }} <= {{ window_days }} as is_converted
    from present
    inner join {{ ref('int_users_acquired') }} as users on present.user_id = users.user_id
),

figures as (
    select
        group_id,
        cast(count(*) as int) as members,
        cast(count(*) filter (where orders >= 1) as int) as buyers,
        cast(count(*) filter (where orders >= 2) as int) as repurchasers,
        sum(orders) as member_orders,
        count(*) filter (where is_mature) as mature_members,
        count(*) filter (where is_mature and is_converted) as converted_members
    from members
    group by group_id
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
        {{ money('coalesce(sales.net, 0)') }} as net,
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
