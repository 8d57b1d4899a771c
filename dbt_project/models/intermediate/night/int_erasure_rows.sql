-- Rows that erasure takes, empties or gives back on this night, with the contact and order they named: those that name
-- a contact erased since the last build, and those that carry or carried an identifier which came to be of erased
-- contacts alone, or is so no more. All is read as the last night left it. Empty where everything is built anew.
{% set exports = [
    'contacts', 'orders', 'reviews', 'touches', 'events', 'friendships', 'group_members', 'pushes', 'coupons',
    'points', 'memberships', 'stage_events',
] %}
-- depends_on: {{ ref('stg_erased_contacts') }} {{ ref('stg_erased_identifiers') }}
{% if execute and builds_on_last_night() %}
with changed as (
    select coalesce(now.kind, before.kind) as kind, coalesce(now.identifier, before.identifier) as identifier
    from (
        select 'contact_id' as kind, contact_id as identifier from {{ ref('stg_erased_contacts') }}
        union all
        select kind, hash from {{ ref('stg_erased_identifiers') }}
    ) as now
    full join {{ target.schema }}.int_erased_read as before
        on now.kind = before.kind and now.identifier = before.identifier
    where now.identifier is null or before.identifier is null
)

{% for export in exports %}
    {%- set shape = export_shape(export) -%}
    {%- for column in shape.columns if column.endswith('contact_id') or column.endswith('_hash') %}
select
    '{{ export }}' as export, {{ row_id(shape.key, 'rows') }} as row_id, rows.contact_id,
    {{ 'rows.order_id' if 'order_id' in shape.columns else 'null::text' }} as order_id
from changed
inner join staging.base_{{ export }} as rows on changed.identifier = rows.{{ column }}
where changed.kind = '{{ 'contact_id' if column.endswith('contact_id') else column | replace('_hash', '') }}'
union
    {%- endfor %}
{% endfor %}
select
    carried.export, carried.row_id, case when carried.export = 'contacts' then carried.row_id end,
    case when carried.export = 'orders' then carried.row_id end
from changed
inner join {{ target.schema }}.int_identity_carried as carried
    on changed.kind = carried.kind and changed.identifier = carried.identifier
{% else %}
select null::text as export, null::text as row_id, null::text as contact_id, null::text as order_id
from {{ ref('stg_erased_identifiers') }}
where false
{% endif %}
