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

{#
    A night's rows beside those that stand, in one call: dbt's own way asks the server a dozen questions more. What the
    strategy does with them is said in night_writes.sql.
#}
{% materialization incremental, adapter='postgres' -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- if not builds_on_last_night() or standing is none or not standing.is_table -%}
        {{ return(materialization_incremental_default()) }}
    {%- endif -%}
    {%- set came = make_temp_relation(standing).include(database=false, schema=false) -%}
    {%- set strategy = adapter.get_incremental_strategy_macro(context, config.require('incremental_strategy')) -%}
    {%- set replace = strategy({
        'target_relation': standing, 'temp_relation': came, 'dest_columns': adapter.get_columns_in_relation(standing)
    }) -%}
    {{ refill('create temp table ' ~ came ~ ' on commit drop as ' ~ sql ~ '\n; analyze ' ~ came ~ '; ' ~ replace) }}
    {{ return({'relations': [standing]}) }}
{%- endmaterialization %}

{% macro refill(statements) -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}{{ statements }}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
{%- endmacro %}
