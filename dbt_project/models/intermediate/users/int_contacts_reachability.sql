-- Contact x medium, contacts not deleted: whether it has the identifier, has consent, and may be reached by it.
{% set media = reach_media() %}
{% set identifiers = reach_identifiers() %}
with unsubscribed as (
    -- Of the person: whoever opts out through one contact is not written to through another that agreed before.
    select
        users.user_id,
        {{ reach_medium('pushes.medium') }} as medium,
        max(pushes.unsubscribed_at) as unsubscribed_at
    from {{ ref('stg_pushes') }} as pushes
    inner join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id
    where pushes.unsubscribed_at is not null
    group by 1, 2
),

offered as (
    select
        users.user_id, contacts.contact_id, contacts.updated_at, media.*
    from {{ ref('stg_contacts') }} as contacts
    inner join {{ ref('map_contact_user') }} as users on contacts.contact_id = users.contact_id
    cross join lateral (
        values
        {%- for medium, (consent, has_identifier) in media.items() %}
        (
            '{{ medium }}', {{ has_identifier }}, coalesce(contacts.{{ consent }}, false),
            {{ identifiers[medium] | join(', ') }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as media (medium, has_identifier, has_consent, identifier_kind, identifier_hash)
    where contacts.deleted_at is null
),

final as (
    select
        offered.contact_id, offered.user_id, offered.medium, offered.identifier_kind, offered.identifier_hash,
        offered.updated_at, offered.has_identifier, offered.has_consent,
        coalesce(unsubscribed.unsubscribed_at > offered.updated_at, false) as has_unsubscribed,
        offered.has_identifier and offered.has_consent and restricted.user_id is null
        and (unsubscribed.unsubscribed_at is null or unsubscribed.unsubscribed_at <= offered.updated_at) as is_reachable
    from offered
    left join {{ ref('int_users_restricted') }} as restricted on offered.user_id = restricted.user_id
    left join unsubscribed
        on offered.user_id = unsubscribed.user_id and offered.medium = unsubscribed.medium
)

select * from final
