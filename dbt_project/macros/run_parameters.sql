{#
    The business date, time zone, currency and writer token of the run: the one row of `meta.run_parameters`, read once an invocation
    when models compile. The flat graph is one mapping for all nodes, so it keeps the row, under the invocation's id: a
    parsed project is kept for several invocations of a process, which may be of several dates. Unit tests state their
    own by `vars`.
#}
{% macro run_parameter(name) -%}
    {%- set stated = var(name, none) -%}
    {%- if stated is not none -%}{%- do return(stated) -%}{%- endif -%}
    {%- set relation = source('meta', 'run_parameters') -%}
    {%- if not execute -%}{%- do return('') -%}{%- endif -%}
    {%- set kept = 'userops_run ' ~ invocation_id -%}
    {%- if kept not in graph -%}
        {%- set found = run_query('select business_date, timezone, currency, token from ' ~ relation) -%}
        {%- if found.rows | length != 1 -%}
            {%- do exceptions.raise_compiler_error(
                relation ~ ' has no row: run `userops run --date D` once, then dbt works here without arguments.'
            ) -%}
        {%- endif -%}
        {%- do graph.update({kept: found.rows[0].dict()}) -%}
    {%- endif -%}
    {%- do return(graph[kept][name] | string) -%}
{%- endmacro %}

{# D: the business date of the run, as a date. #}
{% macro business_date() -%}
    cast('{{ run_parameter("business_date") }}' as date)
{%- endmacro %}

{# The zone whose calendar days count, such as 'Asia/Shanghai', as a text. #}
{% macro business_timezone() -%}
    '{{ run_parameter("timezone") }}'
{%- endmacro %}

{# The currency in which the business counts, such as 'CNY', as a text. #}
{% macro business_currency() -%}
    '{{ run_parameter("currency") }}'
{%- endmacro %}
