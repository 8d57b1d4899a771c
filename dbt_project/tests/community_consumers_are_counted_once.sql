-- Consumers of a community are the buying users who live there, those of a courier the sum over their communities.
with living as (

    select users.community_id, count(*) as consumer_users
    from {{ ref('users') }} as users
    where users.orders >= 1
    group by users.community_id

),

couriers as (

    select communities.assigned_courier_id as staff_id, sum(communities.consumer_users) as consumer_users
    from {{ ref('community_penetration') }} as communities
    group by communities.assigned_courier_id

)

select communities.community_id as id, communities.consumer_users, living.consumer_users as expected
from {{ ref('community_penetration') }} as communities
left join living on communities.community_id = living.community_id
where communities.consumer_users <> coalesce(living.consumer_users, 0)
union all
select targets.staff_id as id, targets.consumer_users, couriers.consumer_users as expected
from {{ ref('courier_targets') }} as targets
left join couriers on targets.staff_id = couriers.staff_id
where targets.consumer_users <> coalesce(couriers.consumer_users, 0)
