{# Which exports carry which identifiers of a person, and under which key. #}
{% macro identifier_carriers() -%}
    {%- do return({
        'contacts': ['contact_id', ['phone', 'email', 'unionid', 'external_userid', 'device_id']],
        'orders': ['order_id', ['phone', 'unionid', 'device_id']],
        'touches': ['touch_id', ['phone', 'email', 'unionid', 'device_id']],
        'events': ['event_id', ['device_id']],
    }) -%}
{%- endmacro %}

{% macro key_and_identifiers(key, hashes) -%}
    {{ ([key] if key == 'contact_id' else [key, 'contact_id']) | join(', ') }},
    {%- for hash in hashes %} {{ hash }}_hash,{% endfor %} _business_date
{%- endmacro %}

{#
    How to read them: rows of (export, row_id, kind, identifier, _business_date). `prefix` names the relations: `stg_`
    models (current rows) or, empty, all versions in `raw`. Where a night builds on the last one, only rows of new
    loads and of erasure (raw) or rows that they changed (staging) are read.
#}
{% macro carried_identifiers(prefix='') %}
{% for export, (key, hashes) in identifier_carriers().items() %}
    select
        '{{ export }}' as export, rows.{{ key }} as row_id, pairs.kind, pairs.identifier, rows._business_date
    {% if prefix %}
    from {{ ref(prefix ~ export) }} as rows
    {% else %}
    from (
        {{ raw_rows(export, [key], key_and_identifiers(key, hashes)) }}
    ) as rows
    {% endif %}
    cross join lateral (
        values
        ('contact_id', rows.contact_id)
        {%- for hash in hashes %},
        ('{{ hash }}', rows.{{ hash }}_hash)
        {%- endfor %}
    ) as pairs (kind, identifier)
    where
        pairs.identifier is not null
        {%- if prefix and builds_on_last_night() %}
        and rows.{{ key }} in (select row_id from {{ ref('int_changed_rows') }} where export = '{{ export }}')
        {%- endif %}
    {% if not loop.last %}union all{% endif %}
{% endfor %}
{% endmacro %}
