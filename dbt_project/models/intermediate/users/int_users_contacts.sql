-- Contacts of each user put together; an attribute is that of the earliest-registered contact that has one.
{% set attributes = [
    'gender', 'birth_year', 'city', 'city_tier', 'store_id', 'community_id', 'referrer_contact_id',
    'source_channel_code',
] %}
select
    users.user_id,
    cast(count(*) as int) as contacts,
    min(contacts.registered_at) as registered_at,
    {% for attribute in attributes %}
    (
        array_agg(contacts.{{ attribute }} order by contacts.registered_at nulls last, contacts.contact_id)
        filter (where contacts.{{ attribute }} is not null)
    )[1] as {{ attribute }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('stg_contacts') }} as contacts
inner join {{ ref('map_contact_user') }} as users on contacts.contact_id = users.contact_id
group by users.user_id
