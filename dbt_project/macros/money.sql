{# An amount in the business currency; converted ones are rounded half up to two places, an order at a time. #}
{% macro in_business_currency(amount, currency, rate) -%}
    case
        when {{ currency }} = {{ business_currency() }} then {{ amount }}
        else cast(round({{ amount }} * {{ rate }}, 2) as decimal(18, 2))
    end
{%- endmacro %}
