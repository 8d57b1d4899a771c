-- Identifiers that erased contacts carried in any version and no other contact carries: those still in raw, and those
-- kept as hashes when the rows themselves went.
{{ config(materialized='table') }}

with versions as (
    -- Named one by one: this role has no right to the personal columns.
    select contact_id, phone_hash, email_hash, unionid_hash, external_userid_hash, device_id_hash
    from {{ source('raw', 'contacts') }}
    where
        _business_date <= {{ business_date() }}
        and exists (select 1 from {{ ref('stg_erased_contacts') }})
),

carried as (
    {% for kind in ['phone', 'email', 'unionid', 'external_userid', 'device_id'] %}
    select distinct contact_id, '{{ kind }}' as kind, {{ kind }}_hash as hash
    from versions
    where {{ kind }}_hash is not null
    union all
    {% endfor %}
    select distinct contact_id, kind, value_hash as hash
    from {{ source('raw', 'contact_identifiers') }}
    where
        value_hash is not null and _business_date <= {{ business_date() }}
        and exists (select 1 from {{ ref('stg_erased_contacts') }})
    union all
    select null, kind, hash from {{ source('meta', 'erased_identifiers') }}
),

final as (
    select carried.kind, carried.hash
    from carried
    left join {{ ref('stg_erased_contacts') }} as erased on carried.contact_id = erased.contact_id
    group by carried.kind, carried.hash
    having bool_and(erased.contact_id is not null or carried.contact_id is null)
)

select * from final
