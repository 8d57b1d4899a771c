-- One row per identifier of a contact that its own row does not carry, removed ones left out.
with further as (
    select
        further.contact_id, further.kind, further.value_hash as identifier, contacts.source, contacts.deleted_at,
        case further.kind
            {%- for kind in identifier_carriers()['contacts'] if kind != 'contact_id' %}
            when '{{ kind }}' then contacts.{{ identifier_column(kind) }}
            {%- endfor %}
        end as own
    from {{ ref('stg_contact_identifiers') }} as further
    inner join {{ ref('stg_contacts') }} as contacts on further.contact_id = contacts.contact_id
    where further.removed_at is null and further.value_hash is not null
)

select contact_id, kind, identifier, source, deleted_at
from further
where own is null or own <> identifier
