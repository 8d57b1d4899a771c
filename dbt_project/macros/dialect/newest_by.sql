{#
    A query: of rows that share a key, the first by `order_by`. Most keys have one row: where the engine gains by it, only
    the others are sorted.
#}
{% macro newest_by(relation, key, columns, order_by, where='true') -%}
    {{ return(adapter.dispatch('newest_by')(relation, key, columns, order_by, where)) }}
{%- endmacro %}

{% macro default__newest_by(relation, key, columns, order_by, where) -%}
select {{ columns | join(', ') }}
from (
    select
        {{ columns | join(', ') }},
        row_number() over (partition by {{ key | join(', ') }} order by {{ order_by }}) as _newest_first
    from {{ relation }}
    where {{ where }}
) as versions
where _newest_first = 1
{%- endmacro %}

{% macro postgres__newest_by(relation, key, columns, order_by, where) -%}
select distinct on ({{ key | join(', ') }}) {{ columns | join(', ') }}
from {{ relation }}
where {{ where }}
order by {{ key | join(', ') }}, {{ order_by }}
{%- endmacro %}
