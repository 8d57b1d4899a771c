{#
    The tables that Python scoring fills (source `scores`) stand before anything refers to them, empty where no scoring
    has run. Their shape is that source's YAML: a table of an older shape is made anew, its rows come back every night.
#}
{% macro create_score_tables() %}
{%- if execute -%}
{%- for node in graph.sources.values() if node.source_name == 'scores' %}
{%- set existing = adapter.get_relation(node.database, node.schema, node.identifier) -%}
{%- set found = adapter.get_columns_in_relation(existing) | map(attribute='name') | list if existing else [] -%}
{%- if found != node.columns.keys() | list %}
drop table if exists {{ node.schema }}.{{ node.identifier }} cascade;
create table {{ node.schema }}.{{ node.identifier }} (
    {%- for column in node.columns.values() %}
    {{ column.name }} {{ column.data_type }}{{ ',' if not loop.last }}
    {%- endfor %}
);
{%- endif -%}
{%- endfor %}
{%- endif %}
select 1;
{% endmacro %}

{% macro empty_score_tables() -%}
    truncate
    {%- for table in ['score_user_values', 'score_value_models', 'score_interests', 'score_interest_quality'] %}
    {{ source('scores', table) }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
