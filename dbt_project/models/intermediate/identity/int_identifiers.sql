-- One row per identifier that a current row carries, with when any row first carried it. Kinds that may not join people
-- link nobody, and no more do keys that too many contacts of one source share. What belongs to erased contacts alone is
-- left out.
-- Rows that carry the same identifiers together are counted first: there are far fewer of these sets than rows.
with
{%- for export, kinds in identifier_carriers().items() %}
{{ export }}_versions as (
    select
        {%- for kind in kinds %}
        {{ identifier_column(kind) }},
        {%- endfor %}
        min(_business_date) as first_seen
    from {{ source('raw', export) }}
    where _business_date <= {{ business_date() }}
        {%- if export == 'orders' %} and not coalesce(is_test, false){% endif %}
    group by {% for kind in kinds %}{{ identifier_column(kind) }}{{ ', ' if not loop.last }}{% endfor %}
),

{{ export }}_rows as (
    select
        {%- for kind in kinds %}
        {{ identifier_column(kind) }},
        {%- endfor %}
        {{ 'source, cast(count(*) as int) as contacts' if export == 'contacts' else 'null as source, 0 as contacts' }}
    from {{ ref('stg_' ~ export) }}
    group by {% for kind in kinds %}{{ identifier_column(kind) }}{{ ', ' if not loop.last }}{% endfor %}
        {{- ', source' if export == 'contacts' }}
),
{% endfor %}
versions as (
    {%- for export, kinds in identifier_carriers().items() %}
    {%- for kind in kinds %}
    select '{{ kind }}' as kind, {{ identifier_column(kind) }} as identifier, first_seen from {{ export }}_versions
    union all
    {%- endfor %}
    {%- endfor %}
    select kind, value_hash as identifier, _business_date as first_seen
    from {{ source('raw', 'contact_identifiers') }}
    where _business_date <= {{ business_date() }}
),

seen as (
    select kind, identifier, min(first_seen) as first_seen
    from versions
    where identifier is not null
    group by kind, identifier
),

carried as (
    {%- for export, kinds in identifier_carriers().items() %}
    {%- for kind in kinds %}
    select '{{ kind }}' as kind, {{ identifier_column(kind) }} as identifier, source, contacts from {{ export }}_rows
    union all
    {%- endfor %}
    {%- endfor %}
    select kind, identifier, source, 1 as contacts from {{ ref('int_further_identifiers') }}
),

-- The same person is a contact of each source it buys at: only within one do many contacts say that a key is shared.
by_source as (
    select kind, identifier, source, cast(sum(contacts) as int) as contacts
    from carried
    where identifier is not null
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
