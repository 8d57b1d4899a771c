{# Which exports carry which identifiers of a person; `contact_id` besides, where the export has one. #}
{% macro identifier_carriers() -%}
    {%- do return({
        'contacts': ['contact_id', 'phone', 'email', 'unionid', 'external_userid', 'device_id'],
        'orders': ['contact_id', 'phone', 'unionid', 'device_id'],
        'touches': ['contact_id', 'phone', 'email', 'unionid', 'device_id'],
        'events': ['contact_id', 'device_id'],
    }) -%}
{%- endmacro %}

{# The kinds of identifier that may join people, by the variable `identity_keys`; a contact's id always does. #}
{% macro joining_kinds() -%}
    {%- set kinds = ['phone', 'email', 'unionid', 'external_userid', 'device_id'] -%}
    {%- for kind in var('identity_keys') if kind not in kinds -%}
        {%- do exceptions.raise_compiler_error(
            'The variable identity_keys holds ' ~ kind ~ ', which is no kind of identifier: use some of ' ~ kinds | join(', ') ~ '.'
        ) -%}
    {%- endfor -%}
    {%- do return(['contact_id'] + var('identity_keys') | list) -%}
{%- endmacro %}

{# The column that holds an identifier of a kind. #}
{% macro identifier_column(kind) -%}
    {{ 'contact_id' if kind == 'contact_id' else kind ~ '_hash' }}
{%- endmacro %}

{# From the earliest-seen identifier on: the first of a user gives it its id, and a part of a split user keeps it. Ties go by kind, then by the seed, which a change of the hash key leaves alone. #}
{% macro earliest_seen_first(relation) -%}
    {{ relation }}.first_seen,
    case {{ relation }}.kind
        {%- for kind in ['contact_id', 'unionid', 'external_userid', 'phone', 'email', 'device_id'] %}
        when '{{ kind }}' then {{ loop.index }}
        {%- endfor %}
    end,
    {{ by_bytes(relation ~ '.seed') }}
{%- endmacro %}

{# A hash of a text that nobody finds by trying; its key stays when the hash key is changed. #}
{% macro keyed(text) -%}
    left({{ sha256_hex("(select id_key.key from " ~ source('meta', 'id_key') ~ " as id_key) || ':' || " ~ text) }}, 32)
{%- endmacro %}

{# The id of a user whose earliest-seen identifier is this one. #}
{% macro user_id_of(kind, seed) -%}
    'u_' || left({{ keyed("'user:' || " ~ kind ~ " || ':' || " ~ seed) }}, 16)
{%- endmacro %}

{# These columns of the rows of one export, with the user of any of their linking identifiers (all belong to the same). #}
{% macro users_of_rows(export, columns) -%}
{%- set kinds = identifier_carriers()[export] -%}
select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    coalesce({% for kind in kinds %}by_{{ kind }}.user_id{{ ', ' if not loop.last }}{% endfor %}) as user_id
from {{ ref('stg_' ~ export) }} as carriers
{%- for kind in kinds %}
left join {{ ref('int_identifier_users') }} as by_{{ kind }}
    on by_{{ kind }}.kind = '{{ kind }}' and carriers.{{ identifier_column(kind) }} = by_{{ kind }}.identifier
{%- endfor %}
where coalesce({% for kind in kinds %}by_{{ kind }}.user_id{{ ', ' if not loop.last }}{% endfor %}) is not null
{%- endmacro %}
