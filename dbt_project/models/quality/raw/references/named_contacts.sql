{{ config(materialized='view') }}
with named as (

    select 'orders' as export, order_id as row_id, contact_id from {{ ref('recent_orders') }} where is_new
    union all
    select 'touches' as export, touch_id as row_id, contact_id from {{ ref('recent_touches') }} where is_new
    union all
    select 'events' as export, event_id as row_id, contact_id from {{ ref('recent_events') }} where is_new
    union all
    {{ new_raw_rows('friendships', "'friendships' as export, staff_id as row_id, contact_id") }}
    union all
    {{ new_raw_rows('group_members', "'group_members' as export, group_id as row_id, contact_id") }}
    union all
    {{ new_raw_rows('pushes', "'pushes' as export, push_id as row_id, contact_id") }}
    union all
    {{ new_raw_rows('coupons', "'coupons' as export, coupon_id as row_id, contact_id") }}
    union all
    {{ new_raw_rows('points', "'points' as export, entry_id as row_id, contact_id") }}
    union all
    {{ new_raw_rows('memberships', "'memberships' as export, plan as row_id, contact_id") }}
    union all
    {{ new_raw_rows('contact_tags', "'contact_tags' as export, tag_name as row_id, contact_id") }}
    union all
    {{ new_raw_rows('contact_identifiers', "'contact_identifiers' as export, kind as row_id, contact_id") }}

),

rows_named as (

    select distinct export, row_id, contact_id from named where contact_id is not null

),

-- An unknown contact is in no folder up to D and was not erased.
known as (

    select contact_id from {{ source('raw', 'contacts') }} where _business_date <= {{ business_date() }}
    union
    select contact_id from {{ ref('stg_erased_contacts') }}

),

final as (

    select
        rows_named.export,
        count(*) as row_count,
        count(*) filter (where known.contact_id is null) as unknown
    from rows_named
    left join known on rows_named.contact_id = known.contact_id
    group by rows_named.export

)

select * from final
