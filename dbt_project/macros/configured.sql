{#
    Rows of a table that `userops.tags.store` wrote from `tags/` and `audiences/`, as a list of mappings, numbered by
    code. The models compile one statement from all of them; unit tests state their own rows by overriding the three
    macros below.
#}
{% macro configured(table, key) -%}
    {%- set relation = source('config', table) -%}
    {%- if not execute -%}{%- do return([]) -%}{%- endif -%}
    {%- set found = run_query('select * from ' ~ relation ~ ' order by ' ~ by_bytes(key)) -%}
    {%- set rows = [] -%}
    {%- for row in found.rows -%}
        {%- set content = dict(row.dict(), number=loop.index) -%}
        {#- The name of this type is all in which engines differ about rules. -#}
        {%- for column, value in row.dict().items() if column.endswith('_sql') and value -%}
            {%- do content.update({column: value | replace('double precision', type_double() | trim)}) -%}
        {%- endfor -%}
        {%- do rows.append(content) -%}
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
