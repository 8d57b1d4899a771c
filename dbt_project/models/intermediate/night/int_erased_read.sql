-- What was erased as this night read it.
-- depends_on: {{ ref('int_erasure_rows') }}
select 'contact_id' as kind, contact_id as identifier from {{ ref('stg_erased_contacts') }}
union all
select kind, hash from {{ ref('stg_erased_identifiers') }}
