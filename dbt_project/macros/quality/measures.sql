{# What measures share. Shares and counts are compared in standard errors, so that a small business is not blocked by chance. #}

{# The last day (exclusive) of which everything is in a published version; what came later is judged together. #}
{% macro unpublished_since() -%}
    coalesce(
        (select max(published.since) from {{ source('meta', 'published') }} as published), cast('1900-01-01' as date)
    )
{%- endmacro %}

{# A share as a double; 0 where the whole is. #}
{% macro share(part, whole) -%}
    coalesce(cast({{ part }} as {{ type_double() }}) / nullif(cast({{ whole }} as {{ type_double() }}), 0), 0)
{%- endmacro %}

{# The share where more than a handful of rows make it up, else 0: a few bad rows warn and never block. #}
{% macro share_of_many(part, whole) -%}
    case when {{ part }} > {{ var('handful', 5) }} then {{ share(part, whole) }} else 0 end
{%- endmacro %}

{#
    By how many standard errors a count exceeds an expected one. The square root of a count has the same spread at every
    level (Anscombe 1948); `certainty` (1 minus the usual share) narrows it where the count is a large part of a whole.
#}
{% macro deviation(found, expected, certainty=none) -%}
    2 * (sqrt({{ found }} + 0.375) - sqrt({{ expected }} + 0.375))
    {%- if certainty is not none %} / sqrt({{ certainty }}){% endif %}
{%- endmacro %}

{# The first instant of the rows that a new one is compared with: so many days before D. #}
{% macro days_back(days) -%}
    {{ add_days(business_date(), -days) }}
{%- endmacro %}

{# The first day of a date's quarter. #}
{% macro quarter_of(day) -%}
    cast(date_trunc('quarter', {{ day }}) as date)
{%- endmacro %}
