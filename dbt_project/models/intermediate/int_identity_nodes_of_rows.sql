-- Source rows with the linking identifiers they carry, by number, and since when they carry each.
{{ config(post_hook=['create index on {{ this }} (export, row_id)']) }}
select
    rows.export,
    rows.row_id,
    min(identifiers.node) as first_node,
    array_agg(identifiers.node order by identifiers.node) as nodes,
    array_agg(carried.first_carried order by identifiers.node) as since
from {{ ref('int_identity_rows') }} as rows
inner join {{ ref('int_identifiers') }} as identifiers
    on rows.kind = identifiers.kind and rows.identifier = identifiers.identifier
inner join {{ ref('int_identity_first_carried') }} as carried
    on
        rows.export = carried.export and rows.row_id = carried.row_id
        and rows.kind = carried.kind and rows.identifier = carried.identifier
where identifiers.links
group by rows.export, rows.row_id
