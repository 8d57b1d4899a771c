{#
    A quotient of exact numbers (counts, money; at most six decimals each), rounded half up (away from zero) to
    `places`; a zero denominator gives null. A decimal(18, places), wider above six places. Whole numbers alone: DuckDB
    divides decimals as doubles, Spark cuts scales.
#}
{% macro ratio(dividend, divisor, places=6) -%}
    {{ return(adapter.dispatch('ratio')(dividend, divisor, places)) }}
{%- endmacro %}

{% macro default__ratio(dividend, divisor, places) -%}
    cast(
        round(cast({{ dividend }} as decimal(38, {{ places + 6 }})) / nullif({{ divisor }}, 0), {{ places }})
        as decimal({{ [18, places + 12] | max }}, {{ places }})
    )
{%- endmacro %}

{% macro duckdb__ratio(dividend, divisor, places) -%}
    {%- set n -%} cast(cast({{ dividend }} as decimal(30, 6)) * 1000000 as hugeint) {%- endset -%}
    {%- set d -%} cast(cast({{ divisor }} as decimal(30, 6)) * 1000000 as hugeint) {%- endset -%}
    cast(
        sign({{ n }}) * sign({{ d }})
        * ((2 * abs({{ n }}) * {{ 10 ** places }} + abs({{ d }})) // nullif(2 * abs({{ d }}), 0))
        * {{ '0.' ~ '0' * (places - 1) ~ '1' if places else '1' }}
        as decimal({{ [18, places + 12] | max }}, {{ places }})
    )
{%- endmacro %}

{#
    The whole part, and the rest in units of the last place. No type on the way has more than 38 digits: of wider ones
    Spark would cut the places.
#}
{% macro spark__ratio(dividend, divisor, places) -%}
    {%- set n -%} cast(cast({{ dividend }} as decimal(24, 6)) * 1000000 as decimal(24, 0)) {%- endset -%}
    {%- set d -%} nullif(cast(cast({{ divisor }} as decimal(24, 6)) * 1000000 as decimal(24, 0)), 0) {%- endset -%}
    {%- set units -%}
        ((abs({{ n }}) % abs({{ d }})) * {{ 2 * 10 ** places }} + abs({{ d }})) div (2 * abs({{ d }}))
    {%- endset -%}
    cast(
        cast(case when ({{ n }} < 0) = ({{ d }} < 0) then 1 else -1 end as decimal(1, 0)) * (
            abs({{ n }}) div abs({{ d }})
            + cast({{ units }} as decimal({{ places + 1 }}, 0))
            * {{ '0.' ~ '0' * (places - 1) ~ '1' if places else '1' }}
        )
        as decimal({{ [18, places + 12] | max }}, {{ places }})
    )
{%- endmacro %}

{# A quotient of whole numbers without its fraction, an int. #}
{% macro integer_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('integer_quotient')(dividend, divisor)) }}
{%- endmacro %}

{% macro default__integer_quotient(dividend, divisor) -%}
    cast(({{ dividend }}) / ({{ divisor }}) as int)
{%- endmacro %}

{% macro duckdb__integer_quotient(dividend, divisor) -%}
    cast(({{ dividend }}) // ({{ divisor }}) as int)
{%- endmacro %}

{% macro spark__integer_quotient(dividend, divisor) -%}
    cast(({{ dividend }}) div ({{ divisor }}) as int)
{%- endmacro %}

{# The type of a 64-bit floating point number. #}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double')()) }}
{%- endmacro %}

{% macro default__type_double() -%} double precision {%- endmacro %}

{% macro spark__type_double() -%} double {%- endmacro %}

{# An aggregate: the median (of an even number the mean of the middle two), to six places. #}
{% macro median(number) -%}
    cast(
        percentile_cont(0.5) within group (order by cast({{ number }} as {{ type_double() }})) as decimal(18, 6)
    )
{%- endmacro %}
