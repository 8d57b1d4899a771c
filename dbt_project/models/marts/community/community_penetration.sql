with communities as (
    select * from {{ ref('stg_communities') }}
),

consumers as (
    select community_id, cast(sum(consumer_users) as int) as consumer_users
    from {{ ref('int_community_consumers') }}
    group by community_id
),

stores as (
    select
        community_id,
        max(store_id) filter (where is_nearest) as nearest_store_id,
        min(distance_km) filter (where is_nearest) as distance_km,
        count(*) filter (where is_in_reach) >= 2 as is_overlap
    from {{ ref('int_store_distances') }}
    group by community_id
),

final as (
    select
        communities.community_id,
        communities.community_name,
        communities.latitude,
        communities.longitude,
        communities.households,
        coalesce(consumers.consumer_users, 0) as consumer_users,
        {{ ratio('coalesce(consumers.consumer_users, 0)', 'communities.households') }} as penetration,
        stores.nearest_store_id,
        stores.distance_km,
        communities.store_id as assigned_store_id,
        communities.courier_id as assigned_courier_id,
        coalesce(stores.is_overlap, false) as is_overlap
    from communities
    left join consumers on communities.community_id = consumers.community_id
    left join stores on communities.community_id = stores.community_id
)

select * from final
