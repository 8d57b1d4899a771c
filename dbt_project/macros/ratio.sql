{# A quotient without trailing zeros; a zero denominator gives null. #}
{% macro ratio(dividend, divisor) -%}
    trim_scale(({{ dividend }})::numeric / nullif({{ divisor }}, 0))
{%- endmacro %}
