{# Local time (a timestamp without zone) of an instant in the business timezone. #}
{% macro local_timestamp(instant) -%}
    {{ return(adapter.dispatch('local_timestamp')(instant)) }}
{%- endmacro %}

{% macro default__local_timestamp(instant) -%}
    ({{ instant }} at time zone {{ business_timezone() }})
{%- endmacro %}

{% macro spark__local_timestamp(instant) -%}
    from_utc_timestamp({{ instant }}, {{ business_timezone() }})
{%- endmacro %}

{# The instant at which a calendar day begins in the business timezone. #}
{% macro start_of_day(day) -%}
    {{ return(adapter.dispatch('start_of_day')(day)) }}
{%- endmacro %}

{% macro default__start_of_day(day) -%}
    (cast({{ day }} as timestamp) at time zone {{ business_timezone() }})
{%- endmacro %}

{% macro spark__start_of_day(day) -%}
    to_utc_timestamp(cast({{ day }} as timestamp), {{ business_timezone() }})
{%- endmacro %}

{# The instant 23:59:59 of a calendar day in the business timezone. #}
{% macro last_second_of_day(day) -%}
    ({{ start_of_day(add_days(day, 1)) }} - interval '1 second')
{%- endmacro %}

{# Whole days from one date to a later one, an int. #}
{% macro days_between(later, earlier) -%}
    {{ return(adapter.dispatch('days_between')(later, earlier)) }}
{%- endmacro %}

{% macro default__days_between(later, earlier) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}

{% macro duckdb__days_between(later, earlier) -%}
    cast({{ later }} - {{ earlier }} as int)
{%- endmacro %}

{% macro spark__days_between(later, earlier) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}

{# A date moved by a whole number of days (an int expression; negative: back). #}
{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    ({{ day }} + cast({{ days }} as int))
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as int))
{%- endmacro %}

{# A date moved by a whole number of months; a day that the month lacks becomes its last. #}
{% macro add_months(day, months) -%}
    {{ return(adapter.dispatch('add_months')(day, months)) }}
{%- endmacro %}

{% macro default__add_months(day, months) -%}
    cast({{ day }} + make_interval(months => cast({{ months }} as int)) as date)
{%- endmacro %}

{% macro duckdb__add_months(day, months) -%}
    cast({{ day }} + to_months(cast({{ months }} as int)) as date)
{%- endmacro %}

{% macro spark__add_months(day, months) -%}
    add_months({{ day }}, cast({{ months }} as int))
{%- endmacro %}

{# Monday is 1, Sunday 7. #}
{% macro iso_weekday(day) -%}
    {{ return(adapter.dispatch('iso_weekday')(day)) }}
{%- endmacro %}

{% macro default__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as int)
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    (weekday({{ day }}) + 1)
{%- endmacro %}

{# Microseconds from one instant to a later one, a bigint. #}
{% macro microseconds_between(later, earlier) -%}
    {{ return(adapter.dispatch('microseconds_between')(later, earlier)) }}
{%- endmacro %}

{% macro default__microseconds_between(later, earlier) -%}
    cast(extract(epoch from ({{ later }} - {{ earlier }})) * 1000000 as bigint)
{%- endmacro %}

{% macro duckdb__microseconds_between(later, earlier) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }}))
{%- endmacro %}

{% macro spark__microseconds_between(later, earlier) -%}
    (unix_micros({{ later }}) - unix_micros({{ earlier }}))
{%- endmacro %}

{# A query: one row per day from one date (an expression without table) to another, inclusive; column `day`. #}
{% macro day_spine(first, last) -%}
    {{ return(adapter.dispatch('day_spine')(first, last)) }}
{%- endmacro %}

{% macro default__day_spine(first, last) -%}
    select cast(day as date) as day from generate_series(cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1 day') as days (day)
{%- endmacro %}

{% macro duckdb__day_spine(first, last) -%}
    select cast(unnest(generate_series(cast({{ first }} as date), cast({{ last }} as date), interval 1 day)) as date) as day
{%- endmacro %}

{% macro spark__day_spine(first, last) -%}
    select explode(sequence(cast({{ first }} as date), cast({{ last }} as date), interval 1 day)) as day
{%- endmacro %}

{# A query: one row per whole number from 0 to `last` (an expression without table), column `n`, an int. #}
{% macro number_spine(last) -%}
    {{ return(adapter.dispatch('number_spine')(last)) }}
{%- endmacro %}

{% macro default__number_spine(last) -%}
    select cast(n as int) as n from generate_series(0, cast({{ last }} as int)) as numbers (n)
{%- endmacro %}

{% macro duckdb__number_spine(last) -%}
    select cast(unnest(generate_series(0, cast({{ last }} as int))) as int) as n
{%- endmacro %}

{% macro spark__number_spine(last) -%}
    select explode(sequence(0, cast({{ last }} as int))) as n
{%- endmacro %}
