{# The first instant of the 90 days to the earlier feature day: no feature that looks back over 90 days needs an older fact. #}
{% macro feature_window_start() -%}
    {{ start_of_day(add_days(business_date(), -(var('tag_outcome_days') | int) - 89)) }}
{%- endmacro %}
