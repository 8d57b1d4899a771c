{# The instant from which a feature that looks back over 90 days may need a fact: 90 days to the earliest feature day. #}
{% macro feature_window_start() -%}
    {{ start_of_day(add_days(business_date(), -(var('tag_outcome_days') | int) - 89)) }}
{%- endmacro %}
