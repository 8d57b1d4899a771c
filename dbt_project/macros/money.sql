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

{# A query: the rates of each currency, each with the day from which the next one holds (null: it still holds). #}
{% macro rate_spans() -%}
select
    currency, rate, rate_date,
    lead(rate_date) over (partition by currency order by rate_date) as next_rate_date
from {{ ref('stg_fx_rates') }}
{%- endmacro %}

{# The condition that a row of `rate_spans` is a currency's rate on a day. #}
{% macro rate_holds(rates, currency, day) -%}
{{ rates }}.currency = {{ currency }}
            and {{ day }} >= {{ rates }}.rate_date
            and ({{ day }} < {{ rates }}.next_rate_date or {{ rates }}.next_rate_date is null)
{%- endmacro %}
