-- A community that stores reach has its nearest among them; two stores in reach are an overlap.
with reach as (

    select community_id, bool_or(is_nearest and is_in_reach) as is_nearest_in_reach, count(*) as stores
    from {{ ref('int_store_distances') }}
    where is_in_reach
    group by community_id

)

select communities.community_id
from {{ ref('community_penetration') }} as communities
left join reach on communities.community_id = reach.community_id
where
    communities.is_overlap <> coalesce(reach.stores >= 2, false)
    or not coalesce(reach.is_nearest_in_reach, true)
    or coalesce(communities.distance_km <= {{ var('store_reach_km') }}, false) <> (reach.community_id is not null)
