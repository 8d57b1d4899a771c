-- One row per identifier that a current row carries, with when any row first carried it. Kinds that may not join people
-- link nobody, and no more do keys that too many contacts of one source share. What belongs to erased contacts alone is
-- left out.
with versions as (
    {%- for export, kinds in identifier_carriers().items() %}{% set last_export = loop.last %}
    {%- for kind in kinds %}
    select '{{ kind }}' as kind, {{ identifier_column(kind) }} as identifier, min(_business_date) as first_seen
    from {{ source('raw', export) }}
    where {{ identifier_column(kind) }} is not null and _business_date <= {{ business_date() }}
        {%- if export == 'orders' %} and not coalesce(is_test, false){% endif %}
    group by {{ identifier_column(kind) }}
    union all
    {%- endfor %}
    {%- endfor %}
    select kind, value_hash as identifier, min(_business_date) as first_seen
    from {{ source('raw', 'contact_identifiers') }}
    where value_hash is not null and _business_date <= {{ business_date() }}
    group by kind, value_hash
),

seen as (
    select kind, identifier, min(first_seen) as first_seen
    from versions
    group by kind, identifier
),

carried as (
    {%- for export, kinds in identifier_carriers().items() %}
    {%- for kind in kinds %}
    select
        '{{ kind }}' as kind, {{ identifier_column(kind) }} as identifier,
        {{ 'source, count(*) as contacts' if export == 'contacts' else 'null as source, 0 as contacts' }}
    from {{ ref('stg_' ~ export) }}
    where {{ identifier_column(kind) }} is not null
    group by {{ identifier_column(kind) }}{{ ', source' if export == 'contacts' }}
    union all
    {%- endfor %}
    {%- endfor %}
    select kind, identifier, source, count(*) as contacts
    from {{ ref('int_further_identifiers') }}
    group by kind, identifier, source
),

-- The same person is a contact of each source it buys at: only within one do many contacts say that a key is shared.
by_source as (
    select kind, identifier, source, sum(contacts) as contacts
    from carried
    group by kind, identifier, source
),

counted as (
    select
        kind, identifier,
        cast(sum(contacts) as int) as contacts,
        max(contacts) as contacts_of_a_source
    from by_source
    group by kind, identifier
),

erased as (
    select 'contact_id' as kind, contact_id as identifier from {{ ref('stg_erased_contacts') }}
    union all
    select kind, hash as identifier from {{ ref('stg_erased_identifiers') }}
),

final as (
    select
        counted.kind, counted.identifier, counted.contacts, seen.first_seen,
        counted.kind in ({{ quoted(joining_kinds()) | join(', ') }})
        and (
            counted.kind not in ('phone', 'email', 'device_id')
            or counted.contacts_of_a_source <= {{ var('identity_key_max_contacts') }}
        ) as links,
        -- What ids of users are made of: a change of the hash key leaves it as it was.
        coalesce(firsts.first_hash, counted.identifier) as seed
    from counted
    inner join seen on counted.kind = seen.kind and counted.identifier = seen.identifier
    left join {{ source('meta', 'first_hashes') }} as firsts
        on counted.kind = firsts.kind and counted.identifier = firsts.hash
    left join erased on counted.kind = erased.kind and counted.identifier = erased.identifier
    where erased.identifier is null
)

select * from final
