-- Rows of delta exports that new loads bring or erasure changes, with the contact and the order they name, now and in
-- the version that stood before: a row that changes hands changes two users. Empty where everything is built anew.
{% set exports = [
    'contacts', 'orders', 'order_lines', 'refunds', 'reviews', 'touches', 'events', 'friendships', 'group_members',
    'pushes', 'coupons', 'points', 'memberships', 'stage_events', 'erasure_requests',
] %}
-- depends_on: {{ ref('int_new_loads') }} {{ ref('int_erasure_rows') }}
{% if execute and builds_on_last_night() %}
{% for export in exports %}
    {%- set shape = export_shape(export) -%}
    {%- set key = shape.key | join(', ') -%}
    {%- set columns -%}
        '{{ export }}' as export, {{ row_id(shape.key) }} as row_id,
        {{ 'contact_id' if 'contact_id' in shape.columns else 'null::text' }} as contact_id,
        {{ 'order_id' if 'order_id' in shape.columns else 'null::text' }} as order_id
    {%- endset -%}
{{ raw_rows(export, shape.key, columns) }}
union
-- The base table is read as the last night left it: it is brought up to date after this model.
select {{ columns }}
from staging.base_{{ export }}
where ({{ key }}) in (select {{ key }} from {{ source('raw', export) }} where {{ in_new_loads(export) }})
union
{% endfor %}
select export, row_id, contact_id, order_id from {{ ref('int_erasure_rows') }}
{% else %}
select null::text as export, null::text as row_id, null::text as contact_id, null::text as order_id
from {{ ref('int_new_loads') }}
where false
{% endif %}
