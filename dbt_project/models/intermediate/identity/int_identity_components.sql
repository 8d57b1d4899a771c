-- Connected components: one row a linking identifier with its user ('node'), and one a merge of two users that both
-- stood before ('merge', at the identifier that gave its id away). Identifiers are numbered in the order in which they
-- were first seen, so that the user bears the id of the earliest, in every rebuild.
{{ config(
    materialized='incremental', incremental_strategy='replace',
    replaced="(kind, identifier) in (select kind, identifier from " ~ target.schema ~ ".int_identity_scope)",
    indexes=[{'columns': ['identifier', 'kind']}, {'columns': ['user_id']}]
) }}
with nodes as (
    select
        identifiers.kind, identifiers.identifier, identifiers.seed, identifiers.first_seen,
        (row_number() over (order by {{ earliest_seen_first('identifiers') }}))::int as node
    from {{ ref('int_identifiers') }} as identifiers
    where identifiers.links and {{ in_identity_scope('identifiers') }}
),

carried as (
    select
        carried.export, carried.row_id, nodes.node, carried.first_carried,
        row_number() over (partition by carried.export, carried.row_id order by nodes.node) as place
    from {{ ref('int_identity_carried') }} as carried
    inner join nodes on carried.kind = nodes.kind and carried.identifier = nodes.identifier
    where carried.is_current
),

edges as (
    select
        first.node as node_a, other.node as node_b,
        min(greatest(first.first_carried, other.first_carried)) as linked_on
    from carried as first
    inner join carried as other
        on first.export = other.export and first.row_id = other.row_id and other.place > 1
    where first.place = 1
    group by first.node, other.node
),

found as (
    select components.what, components.node, components.root, components.merged_on
    from (select array_agg(first_seen order by node) as days from nodes) as seen
    cross join (
        select
            array_agg(node_a order by linked_on, node_a, node_b) as node_a,
            array_agg(node_b order by linked_on, node_a, node_b) as node_b,
            array_agg(linked_on order by linked_on, node_a, node_b) as linked_on
        from edges
    ) as edges
    cross join lateral {{ target.schema }}.connected_components(
        seen.days, edges.node_a, edges.node_b, edges.linked_on
    ) as components
),

final as (
    select
        found.what, own.kind, own.identifier,
        {{ user_id_of('root.kind', 'root.seed') }} as user_id,
        case when found.what = 'merge' then {{ user_id_of('own.kind', 'own.seed') }} end as merged_id,
        found.merged_on
    from found
    inner join nodes as root on found.root = root.node
    inner join nodes as own on found.node = own.node
)

select * from final
