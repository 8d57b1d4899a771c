{# The exports whose rows have an hour: their key, and the column that says when it happened. #}
{% macro timed_exports() -%}
    {%- do return({
        'orders': ['order_id', 'placed_at'],
        'touches': ['touch_id', 'occurred_at'],
        'events': ['event_id', 'occurred_at'],
    }) -%}
{%- endmacro %}
