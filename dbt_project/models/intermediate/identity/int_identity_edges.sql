-- One row per pair of linking identifiers that a current row carries together, as numbers of int_identity_nodes. Of a
-- row with several identifiers the first is tied to each of the others; a contact to its further identifiers.
with
{%- for export, kinds in identifier_carriers().items() %}
{{ export }}_nodes as (
    select
        {%- for kind in kinds %}
        by_{{ kind }}.node as {{ kind }}_node,
        {%- endfor %}
        coalesce({% for kind in kinds %}by_{{ kind }}.node{{ ', ' if not loop.last }}{% endfor %}) as hub
    from (
        select distinct {% for kind in kinds %}{{ identifier_column(kind) }}{{ ', ' if not loop.last }}{% endfor %}
        from {{ ref('stg_' ~ export) }}
    ) as carriers
    {%- for kind in kinds %}
    left join {{ ref('int_identity_nodes') }} as by_{{ kind }}
        on by_{{ kind }}.kind = '{{ kind }}' and carriers.{{ identifier_column(kind) }} = by_{{ kind }}.identifier
    {%- endfor %}
),
{% endfor %}
edges as (
    {%- for export, kinds in identifier_carriers().items() %}
    {%- for kind in kinds %}
    select hub as node_a, {{ kind }}_node as node_b from {{ export }}_nodes where {{ kind }}_node <> hub
    union all
    {%- endfor %}
    {%- endfor %}
    select contacts.node as node_a, identifiers.node as node_b
    from {{ ref('int_further_identifiers') }} as further
    inner join {{ ref('int_identity_nodes') }} as contacts
        on contacts.kind = 'contact_id' and further.contact_id = contacts.identifier
    inner join {{ ref('int_identity_nodes') }} as identifiers
        on further.kind = identifiers.kind and further.identifier = identifiers.identifier
)

select distinct node_a, node_b from edges
