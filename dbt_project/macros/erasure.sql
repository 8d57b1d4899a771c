{# True where the row names no erased contact and is not known by identifiers of erased contacts alone. #}
{% macro not_erased(relation, hashes=[]) -%}
    not exists (
        select 1 from {{ ref('stg_erased_contacts') }} as erased where erased.contact_id = {{ relation }}.contact_id
    )
    {%- if hashes %}
    and not (
        {{ relation }}.contact_id is null
        and coalesce({% for column in hashes %}{{ relation }}.{{ column }}_hash{{ ', ' if not loop.last }}{% endfor %}) is not null
        {%- for column in hashes %}
        and (
            {{ relation }}.{{ column }}_hash is null
            or ('{{ column }}', {{ relation }}.{{ column }}_hash)
            in (select kind, hash from {{ ref('stg_erased_identifiers') }})
        )
        {%- endfor %}
    )
    {%- endif %}
{%- endmacro %}
