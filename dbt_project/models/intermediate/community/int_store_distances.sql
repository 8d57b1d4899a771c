-- One row per community × store opened by D that reaches it or is its nearest.
{% set double = type_double() %}
with stores as (
    select store_id, cast(latitude as {{ double }}) as latitude, cast(longitude as {{ double }}) as longitude
    from {{ ref('stg_stores') }}
    where opened_on <= {{ business_date() }}
),

communities as (
    select community_id, cast(latitude as {{ double }}) as latitude, cast(longitude as {{ double }}) as longitude
    from {{ ref('stg_communities') }}
),

-- Distances are rounded to the millimetre, far below what coordinates hold: bounds and ties are decided by what readers
-- see, not by noise of floating point.
measured as (
    select
        communities.community_id,
        stores.store_id,
        {{ six_places(great_circle_km(
            'communities.latitude', 'communities.longitude', 'stores.latitude', 'stores.longitude'
        )) }} as distance_km
    from communities
    cross join stores
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
