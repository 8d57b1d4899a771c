-- One row per identifier of a contact beside those of its own row, removed ones left out.
select further.contact_id, further.kind, further.value_hash as identifier, contacts.source, contacts.deleted_at
from {{ ref('stg_contact_identifiers') }} as further
inner join {{ ref('stg_contacts') }} as contacts on further.contact_id = contacts.contact_id
where further.removed_at is null and further.value_hash is not null
