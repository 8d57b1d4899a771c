{#
    Rows of a table that `userops.tags.store` wrote from `tags/` and `audiences/`, as a list of mappings, numbered by code.
    The models compile one statement from all of them; unit tests state their own rows by overriding the three below.
#}
{% macro configured(table, key) -%}
    {%- set relation = source('config', table) -%}
    {%- if not execute -%}{%- do return([]) -%}{%- endif -%}
    {%- set found = run_query('select * from ' ~ relation ~ ' order by ' ~ key ~ ' collate "C"') -%}
    {%- set rows = [] -%}
    {%- for row in found.rows -%}
        {%- do rows.append(dict(row.dict(), number=loop.index)) -%}
    {%- endfor -%}
    {%- do return(rows) -%}
{%- endmacro %}

{% macro configured_tags() -%}
    {%- do return(configured('config_tags', 'tag_code')) -%}
{%- endmacro %}

{% macro configured_scenarios() -%}
    {%- do return(configured('config_scenarios', 'scenario')) -%}
{%- endmacro %}

{% macro configured_audiences() -%}
    {%- do return(configured('config_audiences', 'audience_code')) -%}
{%- endmacro %}
