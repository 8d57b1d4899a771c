-- Contacts of each user put together; an attribute is that of the earliest-registered contact that has one.
{% set attributes = [
    'gender', 'birth_year', 'city', 'city_tier', 'store_id', 'community_id', 'referrer_contact_id',
    'source_channel_code',
] %}
with ranked as (
    select
        users.user_id,
        contacts.*,
        row_number() over (
            partition by users.user_id
            order by contacts.registered_at nulls last, {{ by_bytes('contacts.contact_id') }}
        ) as place
    from {{ ref('stg_contacts') }} as contacts
    inner join {{ ref('map_contact_user') }} as users on contacts.contact_id = users.contact_id
),

first_places as (
    select
        *
        {%- for attribute in attributes %},
        min(case when {{ attribute }} is not null then place end) over (partition by user_id) as {{ attribute }}_place
        {%- endfor %}
    from ranked
),

final as (
    select
        user_id,
        cast(count(*) as int) as contacts,
        min(registered_at) as registered_at
        {%- for attribute in attributes %},
        max(case when place = {{ attribute }}_place then {{ attribute }} end) as {{ attribute }}
        {%- endfor %}
    from first_places
    group by user_id
)

select * from final
