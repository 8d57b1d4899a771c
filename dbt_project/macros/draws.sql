{# The thousandth (0 to 999) into which a text's hash falls: a draw that every run and every engine makes alike. #}
{% macro thousandth_of(text) -%}
    {{ integer_quotient(hash_32(text) ~ ' * 1000', '4294967296') }}
{%- endmacro %}
