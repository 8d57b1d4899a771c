{# Where Spark keeps a table's files: a folder of its schema below the engine's, in which the main process reads it. #}
{% macro spark__location_clause() -%}
    location '{{ env_var("USEROPS_SPARK_FILES") }}/{{ model.schema }}/{{ model.alias }}'
{%- endmacro %}
