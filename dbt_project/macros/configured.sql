{#
    Rows of a table that `userops.tags.store` wrote from `tags/` and `audiences/`, as a list of mappings, numbered by
    code. The models compile one statement from all of them; unit tests state their own rows by overriding the three
    macros below.
#}
{% macro configured(table, key) -%}
    {%- set relation = source('config', table) -%}
    {%- if not execute -%}{%- do return([]) -%}{%- endif -%}
    {%- set found = run_query('select * from ' ~ relation ~ ' order by ' ~ by_bytes(key)) -%}
    {%- set answers = needs_delivered(found.rows) -%}
    {%- set rows = [] -%}
    {%- for row in found.rows -%}
        {%- set content = dict(row.dict(), number=loop.index) -%}
        {%- for column, value in row.dict().items() if column.endswith('_sql') and value -%}
            {#- The name of this type is all in which engines differ about rules. -#}
            {%- set rule = namespace(sql=value | replace('double precision', type_double() | trim)) -%}
            {%- for need, is_delivered in answers.items() -%}
                {%- set rule.sql = rule.sql | replace("delivered('" ~ need ~ "')", 'true' if is_delivered else 'false') -%}
            {%- endfor -%}
            {%- do content.update({column: rule.sql}) -%}
        {%- endfor -%}
        {%- do rows.append(content) -%}
    {%- endfor -%}
    {%- do return(rows) -%}
{%- endmacro %}

{#
    What rules of these rows need (`delivered('pushes.opened_at')`, see userops.tags.rendering), and whether a row of the
    export, or a value of the column, was ever delivered.
#}
{% macro needs_delivered(rows) -%}
    {%- set needs = [] -%}
    {%- for row in rows -%}
        {%- for column, value in row.dict().items() if column.endswith('_sql') and value -%}
            {%- do needs.extend(modules.re.findall("delivered\\('([a-z_.]+)'\\)", value)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set needs = needs | unique | list -%}
    {%- if not needs -%}{%- do return({}) -%}{%- endif -%}
    {%- set query -%}
        {%- for need in needs %}
        {%- set export, column = (need ~ '.').split('.')[:2] %}
        {{ 'select' if loop.first else ',' }}
            case when exists (
                select 1 from {{ source('raw', export) }} as delivered
                where delivered._business_date <= {{ business_date() }}
                {%- if column %} and delivered.{{ column }} is not null{% endif %}
            ) then 1 else 0 end as need_{{ loop.index }}
        {%- endfor %}
    {%- endset -%}
    {%- set found = run_query(query).rows[0] -%}
    {%- set answers = {} -%}
    {%- for need in needs -%}
        {%- do answers.update({need: found[loop.index0] == 1}) -%}
    {%- endfor -%}
    {%- do return(answers) -%}
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
