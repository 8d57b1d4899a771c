with final as (
    select
        -- A contact_id is no hash yet; the others come keyed from the raw layer.
        case
            when identifiers.kind = 'contact_id' then {{ keyed("'contact_id:' || identifiers.identifier") }}
            else identifiers.identifier
        end as identifier,
        identifiers.kind,
        components.user_id,
        cast(identifiers.contacts as int) as contacts,
        identifiers.links,
        case
            when not identifiers.links
                then 'more than {{ var("identity_key_max_contacts") }} contacts carry it'
            when identifiers.contacts > 1 then 'shared by contacts of one user'
            when identifiers.contacts = 1 then 'carried by one contact'
            else 'carried by orders, touches or events alone'
        end as reason
    from {{ ref('int_identifiers') }} as identifiers
    left join {{ ref('int_identity_components') }} as components
        on
            identifiers.kind = components.kind and identifiers.identifier = components.identifier
            and components.what = 'node'
)

select * from final
