{# Which exports carry which identifiers of a person, and how to read them: rows of (export, row_id, kind, identifier,
   _business_date). `prefix` names the relations: `stg_` models (current rows) or, empty, all versions in `raw`. #}
{% macro carried_identifiers(prefix='') %}
{% set exports = {
    'contacts': ['contact_id', ['phone', 'email', 'unionid', 'external_userid', 'device_id']],
    'orders': ['order_id', ['phone', 'unionid', 'device_id']],
    'touches': ['touch_id', ['phone', 'email', 'unionid', 'device_id']],
    'events': ['event_id', ['device_id']],
} %}
{% for export, (key, hashes) in exports.items() %}
    select
        '{{ export }}' as export, rows.{{ key }} as row_id, pairs.kind, pairs.identifier, rows._business_date
    from {{ ref(prefix ~ export) if prefix else source('raw', export) }} as rows
    cross join lateral (
        values
        ('contact_id', rows.contact_id)
        {%- for hash in hashes %},
        ('{{ hash }}', rows.{{ hash }}_hash)
        {%- endfor %}
    ) as pairs (kind, identifier)
    where pairs.identifier is not null
    {% if not loop.last %}union all{% endif %}
{% endfor %}
{% endmacro %}
