{{ config(indexes=[{'columns': ['user_id', 'medium'], 'unique': true}]) }}
-- User x medium: whether one contact not deleted has the identifier, has consent, and may be reached by it.
{% set media = reach_media() %}
with restricted as (
    select distinct users.user_id
    from {{ ref('stg_erasure_requests') }} as requests
    inner join {{ ref('map_contact_user') }} as users on requests.contact_id = users.contact_id
    where requests.scope = 'restrict'
),

unsubscribed as (
    -- Of the person: whoever opts out through one contact is not written to through another that agreed before.
    select
        users.user_id,
        {{ reach_medium('pushes.medium') }} as medium,
        max(pushes.unsubscribed_at) as unsubscribed_at
    from {{ ref('stg_pushes') }} as pushes
    inner join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id
    where pushes.unsubscribed_at is not null and {{ touched('users.user_id') }}
    group by 1, 2
),

offered as (
    select
        users.user_id, contacts.updated_at, media.medium, media.has_identifier, media.has_consent
    from {{ ref('stg_contacts') }} as contacts
    inner join {{ ref('map_contact_user') }} as users on contacts.contact_id = users.contact_id
    cross join lateral (
        values
        {%- for medium, (consent, identifier) in media.items() %}
        ('{{ medium }}', {{ identifier }}, coalesce(contacts.{{ consent }}, false)){{ ',' if not loop.last }}
        {%- endfor %}
    ) as media (medium, has_identifier, has_consent)
    where contacts.deleted_at is null and {{ touched('users.user_id') }}
),

final as (
    select
        offered.user_id,
        offered.medium,
        bool_or(offered.has_identifier) as has_identifier,
        bool_or(offered.has_consent) as has_consent,
        bool_or(
            offered.has_identifier and offered.has_consent and restricted.user_id is null
            and (unsubscribed.unsubscribed_at is null or unsubscribed.unsubscribed_at <= offered.updated_at)
        ) as is_reachable
    from offered
    left join restricted on offered.user_id = restricted.user_id
    left join unsubscribed
        on offered.user_id = unsubscribed.user_id and offered.medium = unsubscribed.medium
    group by offered.user_id, offered.medium
)

select * from final
