{# A raw export's new rows: delivered by D, and in no published version. #}
{% macro new_raw_rows(export, columns) -%}
    select {{ columns }}
    from {{ source('raw', export) }}
    where _business_date > {{ unpublished_since() }} and _business_date <= {{ business_date() }}
{%- endmacro %}
