{#
    A quotient that rules and statistics go on with, as a double: one division, so equal fractions are equal numbers and
    no threshold compares a rounded value. What is published takes `ratio`. A zero divisor gives null.
#}
{% macro quotient(dividend, divisor) -%}
    cast({{ dividend }} as {{ type_double() }}) / nullif(cast({{ divisor }} as {{ type_double() }}), 0)
{%- endmacro %}

{# A double as it is published: six places, half up (away from zero). #}
{% macro six_places(number) -%}
    cast(round(cast({{ number }} as decimal(28, 10)), 6) as decimal(18, 6))
{%- endmacro %}
