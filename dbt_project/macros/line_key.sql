{# What a line is known by within its order; rows stored before lines had keys are known by their number. #}
{% macro line_key() -%}
    coalesce(line_key, cast(line_no as {{ dbt.type_string() }}))
{%- endmacro %}
