{# Key, mode and columns of an export, from the generated source YAML. Unit tests, which see no graph, state theirs. #}
{% macro export_shape(export) -%}
    {%- set node = (graph.sources.values() | selectattr('source_name', 'equalto', 'raw')
        | selectattr('name', 'equalto', export) | list)[0] -%}
    {%- set meta = node.config.meta if node.config.meta else node.meta -%}
    {%- do return({'key': meta.key, 'mode': meta.mode, 'columns': node.columns.keys() | list}) -%}
{%- endmacro %}

{#
    The newest version of each key of a delta export, as known by the end of D: on a tie of updated_at the later folder
    wins, then the later line, whatever the order of loading.
#}
{% macro newest_versions(export) -%}
    {%- set relation = source('raw', export) -%}
    {%- if execute -%}
    {%- set shape = export_shape(export) -%}
    {{ newest_by(
        relation, shape.key, shape.columns,
        'updated_at desc nulls last, _business_date desc, _line desc, _load_id desc',
        '_business_date <= ' ~ business_date()
    ) }}
    {%- endif -%}
{%- endmacro %}

{# The rows of a snapshot export: the last one that came by D. #}
{% macro last_snapshot(export) -%}
    {%- set relation = source('raw', export) -%}
    {%- if execute -%}
select {{ export_shape(export).columns | join(', ') }}
from {{ relation }}
where _business_date = (
    select max(_business_date) from {{ relation }} where _business_date <= {{ business_date() }}
)
    {%- endif -%}
{%- endmacro %}
