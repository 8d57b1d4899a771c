{# Key, mode and columns of an export, from the generated source YAML. Unit tests, which see no graph, state theirs. #}
{% macro export_shape(export) -%}
    {%- set node = (graph.sources.values() | selectattr('source_name', 'equalto', 'raw')
        | selectattr('name', 'equalto', export) | list)[0] -%}
    {%- set meta = node.config.meta if node.config.meta else node.meta -%}
    {%- do return({'key': meta.key, 'mode': meta.mode, 'columns': node.columns.keys() | list}) -%}
{%- endmacro %}

{#
    The newest version of each key of a delta export, as known by the end of D: on a tie of updated_at the later folder
    wins, then the later line, whatever the order of loading. Of a parent that files deliver whole only the rows of its
    newest delivery stand. `columns` and `key` are the contract's unless others are named; `where` narrows the rows.
#}
{% macro newest_versions(export, columns=none, key=none, where='true') -%}
    {%- set relation = source('raw', export) -%}
    {%- set lists = whole_lists() -%}
    {%- set deliveries = whole_deliveries(export) if export in lists and not lists[export].rows_stay -%}
    {%- if execute -%}
    {%- set shape = export_shape(export) if columns is none or key is none else {} -%}
    {%- set condition = ['_business_date <= ' ~ business_date(), where] -%}
    {%- if deliveries -%}
    {%- do condition.append(
        'not exists (select 1 from replaced where whole_load_id = _load_id'
        ~ whole_parent_matches(lists[export].parent) ~ ')'
    ) -%}
with replaced as (
    select
        load_id as whole_load_id
        {%- for column in lists[export].parent %}, {{ column }} as whole_{{ column }}{% endfor %}
    from ({{ deliveries }}) as deliveries
    where next_date is not null
)

    {% endif %}
    {{- newest_by(relation, key or shape.key, columns or shape.columns, newest_first(), condition | join(' and ')) }}
    {%- endif -%}
{%- endmacro %}

{# The order of the versions of one key, newest first. #}
{% macro newest_first() -%}
    updated_at desc nulls last, _business_date desc, _line desc, _load_id desc
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
