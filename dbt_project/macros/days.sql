{# The calendar day of an instant in the business timezone. #}
{% macro local_day(instant) -%}
    ({{ instant }} at time zone '{{ var("timezone") }}')::date
{%- endmacro %}

{# D: the business date of the run. #}
{% macro business_date() -%}
    '{{ var("business_date") }}'::date
{%- endmacro %}

{# An amount in the business currency; converted ones are rounded half up, an order at a time. #}
{% macro in_business_currency(amount, currency, rate) -%}
    case when {{ currency }} = '{{ var("currency") }}' then {{ amount }} else round({{ amount }} * {{ rate }}, 2) end
{%- endmacro %}
