{#
    By hand (target `dev`): what is not built by hand is what the last run built. Each model that is neither selected nor
    there becomes a view on the run's relation, so that any selection builds, and its unit tests know their inputs. Asking
    for relations opens a transaction, which dbt would roll back after a hook; the role of the connection it rolled back
    before.
#}
{% macro read_from_last_run() -%}
    {%- if execute and target.name == 'dev' and target.type in ('postgres', 'duckdb') -%}
        {%- if target.role %} set role {{ target.role }}; {%- endif -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.unique_id not in selected_resources -%}
            {%- set by_run = adapter.get_relation(
                node.database, node.schema | replace(target.schema ~ '_', ''), node.alias
            ) -%}
            {%- set by_hand = api.Relation.create(node.database, node.schema, node.alias, type='view') -%}
            {%- if by_run and not adapter.get_relation(node.database, node.schema, node.alias) -%}
                create schema if not exists {{ node.schema }};
                create view {{ by_hand }} as select * from {{ by_run }};
                {%- do adapter.cache_added(by_hand) -%}
            {%- endif -%}
        {%- endfor -%}
        commit;
    {%- endif -%}
{%- endmacro %}
