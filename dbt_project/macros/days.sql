{# The calendar day of an instant in the business timezone. #}
{% macro local_day(instant) -%}
    cast({{ local_timestamp(instant) }} as date)
{%- endmacro %}

{# The hour (0 to 23) of an instant in the business timezone. #}
{% macro local_hour(instant) -%}
    cast(extract(hour from {{ local_timestamp(instant) }}) as int)
{%- endmacro %}

{# The first day of a date's month. #}
{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{# The Monday of a date's ISO week. #}
{% macro week_of(day) -%}
    cast(date_trunc('week', {{ day }}) as date)
{%- endmacro %}

{# The year of a date, an int. #}
{% macro year_of(day) -%}
    cast(extract(year from {{ day }}) as int)
{%- endmacro %}

{# How many months the month of `later` is after that of `earlier`, an int. #}
{% macro months_between(later, earlier) -%}
    (
        12 * ({{ year_of(later) }} - {{ year_of(earlier) }})
        + cast(extract(month from {{ later }}) as int) - cast(extract(month from {{ earlier }}) as int)
    )
{%- endmacro %}

{# Hours from one instant to a later one, to three places, half up. #}
{% macro hours_between(later, earlier) -%}
    cast({{ ratio(microseconds_between(later, earlier), '3600000000', 3) }} as decimal(18, 3))
{%- endmacro %}
