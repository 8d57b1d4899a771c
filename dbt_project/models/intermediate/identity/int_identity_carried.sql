-- Every identifier that a row of contacts, orders, touches or events carries or has carried, since when, and whether
-- its current version still does. A re-delivery does not make a link younger. What belongs to erased contacts alone
-- is left out.
{{ config(
    materialized='incremental', incremental_strategy='replace',
    replaced="(export, row_id) in (select export, row_id from " ~ target.schema ~ ".int_changed_rows)",
    indexes=[{'columns': ['export', 'row_id', 'kind', 'identifier'], 'unique': true}, {'columns': ['identifier', 'kind']}]
) }}
with delivered as (
    {{ carried_identifiers() }}
),

known as (
    select export, row_id, kind, identifier, _business_date as first_carried from delivered
    {% if builds_on_last_night() %}
    union all
    select stood.export, stood.row_id, stood.kind, stood.identifier, stood.first_carried
    from {{ this }} as stood
    where
        (stood.export, stood.row_id) in (select export, row_id from {{ ref('int_changed_rows') }})
        -- Erasure took versions of these out of `raw`: what is left of them is read there.
        and (stood.export, stood.row_id) not in (select export, row_id from {{ ref('int_erasure_rows') }})
    {% endif %}
),

firsts as (
    select export, row_id, kind, identifier, min(first_carried) as first_carried
    from known
    group by export, row_id, kind, identifier
),

now as (
    {{ carried_identifiers('stg_') }}
),

final as (
    select firsts.*, now.row_id is not null as is_current
    from firsts
    left join now
        on
            firsts.export = now.export and firsts.row_id = now.row_id
            and firsts.kind = now.kind and firsts.identifier = now.identifier
    where
        (firsts.kind, firsts.identifier) not in (
            select 'contact_id', contact_id from {{ ref('stg_erased_contacts') }}
            union all
            select kind, hash from {{ ref('stg_erased_identifiers') }}
        )
)

select * from final
