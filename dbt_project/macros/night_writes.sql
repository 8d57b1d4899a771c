{# How a night writes: which rows of a model go, which come, and what is made with a table. What it reads: nights.sql. #}

{# The rows of touched users, as models of users replace them. #}
{% macro rows_of_touched_users() -%}
    user_id in (select user_id from {{ target.schema }}.int_touched_users)
{%- endmacro %}

{# The rows of orders whose own figures this night may change. #}
{% macro rows_of_changed_orders() -%}
    order_id in (select order_id from {{ target.schema }}.int_changed_orders)
{%- endmacro %}

{# What this night retags, as models of tags replace it: by user and tag, or of one value. #}
{% macro rows_of_retags(columns='user_id, tag_code') -%}
    ({{ columns }}) in (select {{ columns }} from {{ target.schema }}.int_retags)
{%- endmacro %}

{#
    Incremental strategy `replace`: rows that `replaced` names go, the model's rows come. Where the table has a key (a
    unique index or a mart's), a row that would come as it stands is left alone: most rows of a touched user are such,
    and to write one, with its indexes, costs ten times the look. The rows to look at are found first, by themselves:
    of rows without their like the planner foresees one, and in one go it would read all that `replaced` names for each.
#}
{% macro get_incremental_replace_sql(arg_dict) -%}
    {%- set standing, came = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | list -%}
    {%- set unique = config.get('indexes', []) | selectattr('unique', 'defined') | map(attribute='columns') | first -%}
    {%- set key = unique or config.get('meta', {}).get('key') -%}
    {%- set same -%}
        {%- for name in key or [] %}stands.{{ name }} = came.{{ name }} and {% endfor -%}
        (stands.{{ columns | join(', stands.') }}) is not distinct from (came.{{ columns | join(', came.') }})
    {%- endset %}
    {%- if key %}
    with looked_at as materialized (select ctid as place, * from {{ standing }} where {{ config.require('replaced') }})
    delete from {{ standing }} as goes using looked_at as stands
    where goes.ctid = stands.place and not exists (select from {{ came }} as came where {{ same }});
    {%- else %}
    delete from {{ standing }} where {{ config.require('replaced') }};
    {%- endif %}
    insert into {{ standing }} ({{ columns | join(', ') }})
    select {{ columns | join(', ') }} from {{ came }} as came
    {%- if key %} where not exists (select from {{ standing }} as stands where {{ same }}) {%- endif %}
{%- endmacro %}

{# Incremental strategy `newest`: keys that came or that erasure changes are replaced; they are the export's, from its contract. #}
{% macro get_incremental_newest_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    {%- set export = model.name | replace('base_', '') %}
    {%- set keys = export_shape(export).key %}
    {%- set key = keys | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} where {{ in_erasure_rows(export, keys) }};
    delete from {{ arg_dict['target_relation'] }} where ({{ key }}) in (select {{ key }} from {{ arg_dict['temp_relation'] }});
    insert into {{ arg_dict['target_relation'] }} ({{ columns }}) select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{#
    Statistics of every table after a whole build. What a night changes is left to autovacuum, and what it fills anew is
    much as it was, but for tables whose `meta.analyzed_nightly` is true, or names the columns to look at.
#}
{% macro keep_statistics() -%}
    {%- set nightly, is_whole = model.config.meta.get('analyzed_nightly'), not builds_on_last_night() -%}
    {%- if model.config.materialized != 'view' and (is_whole or nightly) -%}
        analyze {{ this }} {{ nightly if nightly is string and not is_whole }}
    {%- endif -%}
{%- endmacro %}

{# Indexes of a base table, made with it: its key, and the contact and order its rows name. #}
{% macro index_base_table() -%}
    {%- if execute and not builds_on_last_night() -%}
        {%- set shape = export_shape(model.name | replace('base_', '')) -%}
        create unique index on {{ this }} ({{ shape.key | join(', ') }});
        {%- for column in ['contact_id', 'order_id'] if column in shape.columns and shape.key[0] != column %}
        create index on {{ this }} ({{ column }});
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}
