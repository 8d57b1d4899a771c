{{ config(materialized='view') }}
with named as (

    select 'orders' as export, contact_id from {{ ref('recent_orders') }} where is_new
    union all
    select 'touches' as export, contact_id from {{ ref('recent_touches') }} where is_new
    union all
    select 'events' as export, contact_id from {{ ref('recent_events') }} where is_new
    union all
    {{ new_raw_rows('friendships', "'friendships' as export, contact_id") }}
    union all
    {{ new_raw_rows('group_members', "'group_members' as export, contact_id") }}
    union all
    {{ new_raw_rows('pushes', "'pushes' as export, contact_id") }}
    union all
    {{ new_raw_rows('coupons', "'coupons' as export, contact_id") }}
    union all
    {{ new_raw_rows('points', "'points' as export, contact_id") }}
    union all
    {{ new_raw_rows('memberships', "'memberships' as export, contact_id") }}
    union all
    {{ new_raw_rows('contact_tags', "'contact_tags' as export, contact_id") }}
    union all
    {{ new_raw_rows('contact_identifiers', "'contact_identifiers' as export, contact_id") }}

),

-- An unknown contact is in no folder up to D and was not erased.
known as (

    select contact_id from {{ source('raw', 'contacts') }} where _business_date <= {{ business_date() }}
    union
    select contact_id from {{ ref('stg_erased_contacts') }}

),

final as (

    select
        named.export,
        count(*) as row_count,
        count(*) filter (where known.contact_id is null) as unknown
    from named
    left join known on named.contact_id = known.contact_id
    where named.contact_id is not null
    group by named.export

)

select * from final
