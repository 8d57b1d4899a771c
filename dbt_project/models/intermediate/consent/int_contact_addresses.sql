-- One row per contact × medium × address that its current version or a further identifier gives, deleted contacts too. Weibo has no address: the
-- contact itself stands for one.
{%- set media = reach_media() %}
with addresses as (
    {%- for medium, given in media.items() %}
    {%- for kind in given.addresses %}
    select contact_id, '{{ medium }}' as medium, '{{ kind }}' as kind, {{ kind }}_hash as address, deleted_at
    from {{ ref('stg_contacts') }}
    where {{ kind }}_hash is not null
    union all
    select contact_id, '{{ medium }}' as medium, kind, identifier as address, deleted_at
    from {{ ref('int_further_identifiers') }}
    where kind = '{{ kind }}'
    union all
    {%- endfor %}
    {%- endfor %}
    select contact_id, 'weibo' as medium, 'contact_id' as kind, contact_id as address, deleted_at
    from {{ ref('stg_contacts') }}
)

select
    addresses.contact_id,
    users.user_id,
    addresses.medium,
    addresses.kind,
    addresses.address,
    {{ local_day('addresses.deleted_at') }} as deleted_day
from addresses
inner join {{ ref('map_contact_user') }} as users on addresses.contact_id = users.contact_id
