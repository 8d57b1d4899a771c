-- The earliest added_at of all versions of a friendship: a deleted and renewed one counts from its first day.
with versions as (
    select staff_id, contact_id, added_at
    from {{ source('raw', 'friendships') }}
    where _business_date <= {{ business_date() }}
),

final as (
    select versions.staff_id, versions.contact_id, min(versions.added_at) as first_added_at
    from versions
    where {{ not_erased('versions') }}
    group by versions.staff_id, versions.contact_id
)

select * from final
