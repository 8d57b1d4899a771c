-- One row per community × store opened by D that reaches it or is its nearest.
with stores as materialized (
    select store_id, cast(latitude as {{ type_double() }}) as latitude, cast(longitude as {{ type_double() }}) as longitude
    from {{ ref('stg_stores') }}
    where opened_on <= {{ business_date() }}
),

communities as (
    select community_id, cast(latitude as {{ type_double() }}) as latitude, cast(longitude as {{ type_double() }}) as longitude
    from {{ ref('stg_communities') }}
),

-- One community at a time, so that the pairs are never sorted or written out together. Distances are rounded to the
-- millimetre, far below what coordinates hold: bounds and ties are decided by what readers see, not by noise of
-- floating point.
measured as (
    select
        communities.community_id,
        near.store_id,
        trim_scale(round(cast(near.km as numeric), 6)) as distance_km
    from communities
    cross join lateral (
        select pairs.store_id, pairs.km, min(pairs.km) over () as nearest_km
        from (
            select
                stores.store_id,
                {{ great_circle_km(
                    'communities.latitude', 'communities.longitude', 'stores.latitude', 'stores.longitude'
                ) }} as km
            from stores
        ) as pairs
    ) as near
    where near.km <= greatest(near.nearest_km, {{ var('store_reach_km') }}) + 0.000001
),

ranked as (
    select
        *,
        row_number() over (partition by community_id order by distance_km, {{ by_bytes('store_id') }}) as nearness
    from measured
),

final as (
    select
        community_id,
        store_id,
        distance_km,
        nearness = 1 as is_nearest,
        distance_km <= {{ var('store_reach_km') }} as is_in_reach
    from ranked
    where nearness = 1 or distance_km <= {{ var('store_reach_km') }}
)

select * from final
