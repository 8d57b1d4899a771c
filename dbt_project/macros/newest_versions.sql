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
    The newest version of each key of a delta export, as known by the end of the business date: on a tie of
    updated_at the later folder wins, then the later line, whatever the order of loading. On a night that builds on
    the last one only the new loads are read: their rows compete with the versions that stand. Of a row that erasure
    changes all versions are read: the newest may have gone.
#}
{% macro newest_versions(export) -%}
    {%- set source_relation = source('raw', export) -%}
    {%- if not execute -%}
    -- depends_on: {{ ref('int_new_loads') }} {{ ref('int_changed_rows') }} {{ ref('int_erasure_rows') }}
    {%- else -%}
    {%- set shape = export_shape(export) %}
    {%- set key = shape.key | join(', ') %}
    {%- set columns = shape.columns | join(', ') %}
select distinct on ({{ key }}) {{ columns }}
from (
    {{ raw_rows(export, shape.key, columns) }}
    {%- if builds_on_last_night() %}
    union all
    select {{ columns }}
    from {{ this }}
    where
        ({{ key }}) in (select {{ key }} from {{ source_relation }} where {{ in_new_loads(export) }})
        and not ({{ in_erasure_rows(export, shape.key) }})
    {%- endif %}
) as versions
order by {{ key }}, updated_at desc nulls last, _business_date desc, _line desc, _load_id desc
    {%- endif -%}
{%- endmacro %}

{# The rows of a snapshot export: the last one that came by the business date. #}
{% macro last_snapshot(export) -%}
    {%- set source_relation = source('raw', export) -%}
    {%- if execute -%}
select {{ export_shape(export).columns | join(', ') }}
from {{ source_relation }}
where _business_date = (
    select max(_business_date) from {{ source_relation }} where _business_date <= {{ business_date() }}
)
    {%- endif -%}
{%- endmacro %}
