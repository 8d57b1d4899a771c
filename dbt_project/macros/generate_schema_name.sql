{#
    A run writes to exactly the schemas that the folders name (`staging`, `build`, `quality`); by hand (target `dev`)
    they get dbt's usual prefix, so that nobody builds over a run.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if target.name == 'dev' -%}
        {{ default__generate_schema_name(custom_schema_name, node) }}
    {%- else -%}
        {{ (custom_schema_name or target.schema) | trim }}
    {%- endif -%}
{%- endmacro %}
