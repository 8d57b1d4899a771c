-- Every identifier now carried by a row, with when any row first carried it; keys shared too widely link nobody.
{{ config(
    materialized='incremental', incremental_strategy='replace',
    replaced="(kind, identifier) in (select kind, identifier from " ~ target.schema ~ ".int_identity_scope)",
    indexes=[{'columns': ['identifier', 'kind'], 'unique': true}]
) }}
with carried as (
    select * from {{ ref('int_identity_carried') }} as carried where {{ in_identity_scope('carried') }}
),

counted as (
    select
        kind,
        identifier,
        min(first_carried) as first_seen,
        (count(*) filter (where export = 'contacts' and is_current))::int as contacts
    from carried
    group by kind, identifier
    having bool_or(is_current)
),

final as (
    select
        counted.kind, counted.identifier, counted.contacts, counted.first_seen, {{ links('counted') }} as links,
        -- What ids of users are made of: a change of the hash key leaves it as it was.
        coalesce(firsts.first_hash, counted.identifier) as seed
    from counted
    left join {{ source('meta', 'first_hashes') }} as firsts
        on counted.kind = firsts.kind and counted.identifier = firsts.hash
)

select * from final
