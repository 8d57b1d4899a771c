-- The identifiers that rows of `int_erasure_rows` carried when the last night ended.
{% if builds_on_last_night() %}
select distinct carried.export, carried.row_id, carried.kind, carried.identifier
from {{ ref('int_erasure_rows') }} as rows
inner join {{ target.schema }}.int_identity_carried as carried
    on rows.export = carried.export and rows.row_id = carried.row_id
{% else %}
select export, row_id, null::text as kind, null::text as identifier
from {{ ref('int_erasure_rows') }}
where false
{% endif %}
