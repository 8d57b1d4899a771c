{# The hexadecimal SHA-256 of a text's UTF-8 bytes. #}
{% macro sha256_hex(text) -%}
    {{ return(adapter.dispatch('sha256_hex')(text)) }}
{%- endmacro %}

{% macro default__sha256_hex(text) -%}
    encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}

{% macro duckdb__sha256_hex(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro spark__sha256_hex(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}

{# A text as `order by`, `min` and `max` compare it by bytes, whatever the collation of the database. #}
{% macro by_bytes(text) -%}
    {{ return(adapter.dispatch('by_bytes')(text)) }}
{%- endmacro %}

{% macro default__by_bytes(text) -%}
    {{ text }} collate "C"
{%- endmacro %}

{% macro duckdb__by_bytes(text) -%}
    {{ text }}
{%- endmacro %}

{% macro spark__by_bytes(text) -%}
    {{ text }}
{%- endmacro %}

{# An aggregate: texts joined in the order of `order_by`. #}
{% macro joined_texts(text, separator, order_by) -%}
    {{ return(adapter.dispatch('joined_texts')(text, separator, order_by)) }}
{%- endmacro %}

{% macro default__joined_texts(text, separator, order_by) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_texts(text, separator, order_by) -%}
    listagg({{ text }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}

{# The type of an instant: a timestamp with time zone. #}
{% macro type_instant() -%}
    {{ return(adapter.dispatch('type_instant')()) }}
{%- endmacro %}

{% macro default__type_instant() -%} timestamp with time zone {%- endmacro %}

{% macro spark__type_instant() -%} timestamp {%- endmacro %}
