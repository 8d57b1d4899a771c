-- The earliest added_at of all versions of a friendship: a deleted and renewed one counts from its first day.
select staff_id, contact_id, min(added_at) as first_added_at
from {{ source('raw', 'friendships') }}
where _business_date <= {{ business_date() }}
group by staff_id, contact_id
