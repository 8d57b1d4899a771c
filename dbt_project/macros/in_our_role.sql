{#
    What a hook at the start of a run makes belongs to the role that nights build in, also where somebody runs dbt by hand:
    the role that dbt sets as it connects is lost by the first rollback.
#}
{% macro in_our_role() -%}
    {%- if target.role %}set local role {{ target.role }};{% endif -%}
{%- endmacro %}
