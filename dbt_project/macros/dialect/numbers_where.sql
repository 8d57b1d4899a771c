{# In a select list: one row per condition that is true, with its number from 1. Without conditions there is no row. #}
{% macro numbers_where(conditions) -%}
    {{ return(adapter.dispatch('numbers_where')(conditions | list)) }}
{%- endmacro %}

{% macro default__numbers_where(conditions) -%}
    unnest(array_remove(array[
        cast(null as int){% for condition in conditions %},
        case when {{ condition }} then {{ loop.index }} end
        {%- endfor %}
    ], null))
{%- endmacro %}

{% macro duckdb__numbers_where(conditions) -%}
    unnest(list_filter([
        cast(null as int){% for condition in conditions %},
        case when {{ condition }} then {{ loop.index }} end
        {%- endfor %}
    ], lambda number: number is not null))
{%- endmacro %}

{% macro spark__numbers_where(conditions) -%}
    explode(array_compact(array(
        cast(null as int){% for condition in conditions %},
        case when {{ condition }} then {{ loop.index }} end
        {%- endfor %}
    )))
{%- endmacro %}
