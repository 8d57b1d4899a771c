{#
    The rows of an export as known by the end of the business date. A delta keeps the newest version of each key
    (on a tie of updated_at the later folder, then the later line wins); a snapshot is the last one that came.
    Key, mode and the readable columns come from the source's generated YAML: one home for each fact.
#}
{% macro current_rows(export) -%}
    {%- set source_relation = source('raw', export) -%}
    {%- if execute -%}
        {%- set node = (graph.sources.values() | selectattr('source_name', 'equalto', 'raw')
            | selectattr('name', 'equalto', export) | list)[0] -%}
        {%- set meta = node.config.meta if node.config.meta else node.meta -%}
        {%- set columns = node.columns.keys() | reject('in', ['_business_date', '_load_id', '_line']) | list -%}
        {%- set day = business_date() -%}
        {%- if meta.mode == 'delta' %}
    select distinct on ({{ meta.key | join(', ') }})
        {{ columns | join(', ') }}, _business_date, _load_id, _line
    from {{ source_relation }}
    where _business_date <= {{ day }}
    order by {{ meta.key | join(', ') }}, updated_at desc nulls last, _business_date desc, _line desc, _load_id desc
        {%- else %}
    select {{ columns | join(', ') }}, _business_date, _load_id, _line
    from {{ source_relation }}
    where _business_date = (select max(_business_date) from {{ source_relation }} where _business_date <= {{ day }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
