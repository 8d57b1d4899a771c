{# An amount of money: exact, two places, half up. #}
{% macro money(amount) -%}
    cast({{ amount }} as decimal(18, 2))
{%- endmacro %}

{#
    An amount in the business currency; converted ones are rounded half up to two places, an order at a time. Amounts
    are widened first: DuckDB keeps a product of decimals of 18 digits within 18 digits, and fails on larger ones.
#}
{% macro in_business_currency(amount, currency, rate) -%}
    {{ money('case when ' ~ currency ~ ' = ' ~ business_currency() ~ ' then ' ~ amount ~ ' else ' ~ 'cast(' ~ amount ~ ' as decimal(20, 4)) * ' ~ rate ~ ' end') }}
{%- endmacro %}
