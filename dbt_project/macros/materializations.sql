{#
    Tables and views of a night that builds on the last one. dbt makes them beside the old ones, renames both and drops
    the old: a dozen statements each, whatever they hold. Code and configuration are those of the last night, so what
    stands keeps its shape: a table is emptied and filled in one transaction, a view is replaced in place. Where
    nothing stands, for tables with indexes (faster made after the rows) and for those made from what they held, dbt's
    own way is taken.
#}
{% materialization table, adapter='postgres' -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- set needs_both = config.get('indexes') or config.get('meta', {}).get('reads_itself') -%}
    {%- if not builds_on_last_night() or standing is none or not standing.is_table or needs_both -%}
        {{ return(materialization_table_default()) }}
    {%- endif -%}
    {%- set rows = get_select_subquery(sql) if config.get('contract').enforced else sql -%}
    {{ refill('truncate ' ~ standing ~ '; insert into ' ~ standing ~ ' ' ~ rows) }}
    {{ return({'relations': [standing]}) }}
{%- endmaterialization %}

{% materialization view, adapter='postgres' -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- if not builds_on_last_night() or standing is none or not standing.is_view -%}
        {{ return(materialization_view_default()) }}
    {%- endif -%}
    {{ refill('create or replace view ' ~ standing ~ ' as ' ~ sql) }}
    {{ return({'relations': [standing]}) }}
{%- endmaterialization %}

{% macro refill(statements) -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}{{ statements }}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
{%- endmacro %}
