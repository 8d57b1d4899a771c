select
    -- A contact_id is no hash yet; the others come keyed from the raw layer.
    cast(case
        when identifiers.kind = 'contact_id' then {{ keyed("'contact_id:' || identifiers.identifier") }}
        else identifiers.identifier
    end as {{ dbt.type_string() }}) as identifier,
    identifiers.kind,
    users.user_id,
    identifiers.contacts,
    identifiers.links,
    case
        when identifiers.kind not in ({{ quoted(joining_kinds()) | join(', ') }})
            then 'identity_keys leaves out its kind'
        when not identifiers.links
            then 'more than {{ var("identity_key_max_contacts") }} contacts of one source carry it'
        when identifiers.contacts > 1 then 'shared by contacts of one user'
        when identifiers.contacts = 1 then 'carried by one contact'
        else 'carried by orders, touches or events alone'
    end as reason
from {{ ref('int_identifiers') }} as identifiers
left join {{ ref('int_identifier_users') }} as users
    on identifiers.kind = users.kind and identifiers.identifier = users.identifier
