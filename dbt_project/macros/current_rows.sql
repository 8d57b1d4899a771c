{#
    Key, mode and readable columns of an export, from the generated source YAML.
    Unit tests, which see no graph, state theirs.
#}
{% macro export_shape(export) -%}
    {%- set node = (graph.sources.values() | selectattr('source_name', 'equalto', 'raw')
        | selectattr('name', 'equalto', export) | list)[0] -%}
    {%- set meta = node.config.meta if node.config.meta else node.meta -%}
    {%- do return({'key': meta.key, 'mode': meta.mode, 'columns': node.columns.keys() | list}) -%}
{%- endmacro %}

{#
    The rows of an export as known by the end of the business date. A delta keeps the newest version of each key
    (on a tie of updated_at the later folder, then the later line wins); a snapshot is the last one that came.
#}
{% macro current_rows(export) -%}
    {%- set source_relation = source('raw', export) -%}
    {%- if execute -%}
        {%- set shape = export_shape(export) -%}
        {%- set day = business_date() -%}
        {%- if shape.mode == 'delta' %}
    select distinct on ({{ shape.key | join(', ') }}) {{ shape.columns | join(', ') }}
    from {{ source_relation }}
    where _business_date <= {{ day }}
    order by
        {{ shape.key | join(', ') }}, updated_at desc nulls last, _business_date desc, _line desc, _load_id desc
        {%- else %}
    select {{ shape.columns | join(', ') }}
    from {{ source_relation }}
    where _business_date = (select max(_business_date) from {{ source_relation }} where _business_date <= {{ day }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
