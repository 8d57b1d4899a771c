{# An aggregate: the value below which a share `at` of the numbers lies (interpolated), a double. #}
{% macro quantile(number, at) -%}
    {{ return(adapter.dispatch('quantile')(number, at)) }}
{%- endmacro %}

{% macro default__quantile(number, at) -%}
    percentile_cont({{ at }}) within group (order by cast({{ number }} as {{ type_double() }}))
{%- endmacro %}

{% macro duckdb__quantile(number, at) -%}
    quantile_cont(cast({{ number }} as double), {{ at }})
{%- endmacro %}

{% macro spark__quantile(number, at) -%}
    percentile(cast({{ number }} as double), {{ at }})
{%- endmacro %}

{# An instant moved by a whole number of hours. #}
{% macro add_hours(instant, hours) -%}
    {{ return(adapter.dispatch('add_hours')(instant, hours)) }}
{%- endmacro %}

{% macro default__add_hours(instant, hours) -%}
    ({{ instant }} + make_interval(hours => cast({{ hours }} as int)))
{%- endmacro %}

{% macro duckdb__add_hours(instant, hours) -%}
    ({{ instant }} + to_hours(cast({{ hours }} as int)))
{%- endmacro %}

{% macro spark__add_hours(instant, hours) -%}
    ({{ instant }} + make_interval(0, 0, 0, 0, cast({{ hours }} as int)))
{%- endmacro %}
