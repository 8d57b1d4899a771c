{# Whether an identifier links: phones, e-mails and devices that too many contacts carry link nobody. #}
{% macro links(relation) -%}
    ({{ relation }}.kind not in ('phone', 'email', 'device_id')
        or {{ relation }}.contacts <= {{ var('identity_key_max_contacts') }})
{%- endmacro %}

{# From the earliest-seen identifier on: the first of a user gives it its id, and a part of a split user keeps it. Ties go by the seed, which a change of the hash key leaves alone. #}
{% macro earliest_seen_first(relation) -%}
    {{ relation }}.first_seen,
    array_position(
        array['contact_id', 'unionid', 'external_userid', 'phone', 'email', 'device_id'], {{ relation }}.kind
    ),
    {{ relation }}.seed collate "C"
{%- endmacro %}

{# A hash of a text that nobody finds by trying; its key stays when the hash key is changed. #}
{% macro keyed(text) -%}
    left(encode(sha256(convert_to(
        (select id_key.key from {{ source('meta', 'id_key') }} as id_key) || ':' || {{ text }}, 'UTF8'
    )), 'hex'), 32)
{%- endmacro %}

{# The id of a user whose earliest-seen identifier is this one. #}
{% macro user_id_of(kind, seed) -%}
    'u_' || left({{ keyed("'user:' || " ~ kind ~ " || ':' || " ~ seed) }}, 16)
{%- endmacro %}

{# The condition by which identity models replace what a night may change. #}
{% macro in_identity_scope(relation) -%}
    {%- if builds_on_last_night() -%}
        ({{ relation }}.kind, {{ relation }}.identifier)
            in (select scope.kind, scope.identifier from {{ ref('int_identity_scope') }} as scope)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{% macro in_identity_rows(relation, export) -%}
    {%- if builds_on_last_night() -%}
        {{ relation }}.row_id
            in (select rows.row_id from {{ ref('int_identity_rows') }} as rows where rows.export = '{{ export }}')
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Rows of one export with the user that any of their linking identifiers belongs to (all belong to the same). #}
{% macro users_of_rows(export, row_id) %}
select carried.row_id as {{ row_id }}, min(components.user_id) as user_id
from {{ ref('int_identity_carried') }} as carried
inner join {{ ref('int_identity_components') }} as components
    on carried.kind = components.kind and carried.identifier = components.identifier and components.what = 'node'
where
    carried.export = '{{ export }}' and carried.is_current
    and {{ in_identity_rows('carried', export) }}
group by carried.row_id
{% endmacro %}

{% macro replaced_rows(export, row_id) -%}
    {{ row_id }} in (select row_id from {{ target.schema }}.int_identity_rows where export = '{{ export }}')
{%- endmacro %}
