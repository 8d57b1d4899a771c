{# The thousandth (0 to 999) into which a text's hash falls: a draw that is the same in every run and on every engine. #}
{% macro thousandth_of(text) -%}
    {{ integer_quotient(hash_32(text) ~ ' * 1000', '4294967296') }}
{%- endmacro %}
