{# The first 32 bits of a text's MD5, a bigint: a draw that is the same on every engine. #}
{% macro hash_32(text) -%}
    {{ return(adapter.dispatch('hash_32')(text)) }}
{%- endmacro %}

{% macro default__hash_32(text) -%}
    cast(cast('x' || left(md5({{ text }}), 8) as bit(32)) as bigint)
{%- endmacro %}

{% macro duckdb__hash_32(text) -%}
    cast('0x' || left(md5({{ text }}), 8) as bigint)
{%- endmacro %}

{% macro spark__hash_32(text) -%}
    cast(conv(left(md5({{ text }}), 8), 16, 10) as bigint)
{%- endmacro %}
