{# The calendar day of an instant in the business timezone. #}
{% macro local_day(instant) -%}
    ({{ instant }} at time zone '{{ var("timezone") }}')::date
{%- endmacro %}

{# D: the business date of the run. #}
{% macro business_date() -%}
    '{{ var("business_date") }}'::date
{%- endmacro %}

{# The bit of D in a mask of checkpoints. #}
{% macro bit_of_business_date() -%}
    (
        select 1::bigint << (checkpoint_number - 1)
        from {{ ref('int_feature_days') }}
        where is_checkpoint and as_of = {{ business_date() }}
    )
{%- endmacro %}

{# How many months begin after the last night's business date and by D: checkpoints and their bits move by as many. #}
{% macro months_since_last_night() -%}
    (
        select
            (
                12 * (extract(year from {{ business_date() }}) - extract(year from business_date))
                + extract(month from {{ business_date() }}) - extract(month from business_date)
            )::int
        from {{ source('meta', 'build_state') }}
    )
{%- endmacro %}

{# An amount in the business currency; converted ones are rounded half up, an order at a time. #}
{% macro in_business_currency(amount, currency, rate) -%}
    case when {{ currency }} = '{{ var("currency") }}' then {{ amount }} else round({{ amount }} * {{ rate }}, 2) end
{%- endmacro %}
