-- Connected components: one row a node with its root, and one a merge of two components that both stood before.
with seen as (
    select array_agg(first_seen order by node) as days
    from {{ ref('int_identifiers') }}
    where node is not null
),

edges as (
    select
        array_agg(node_a order by linked_on, node_a, node_b) as node_a,
        array_agg(node_b order by linked_on, node_a, node_b) as node_b,
        array_agg(linked_on order by linked_on, node_a, node_b) as linked_on
    from {{ ref('int_identity_edges') }}
),

found as (
    select components.what, components.node, components.root, components.merged_on
    from seen
    cross join edges
    cross join lateral {{ target.schema }}.connected_components(
        seen.days, edges.node_a, edges.node_b, edges.linked_on
    ) as components
),

final as (
    select
        found.what,
        found.node,
        'u_' || left(md5(root.kind || ':' || root.identifier), 16) as user_id,
        case
            when found.what = 'merge' then 'u_' || left(md5(own.kind || ':' || own.identifier), 16)
        end as merged_id,
        found.merged_on
    from found
    inner join {{ ref('int_identifiers') }} as root on found.root = root.node
    inner join {{ ref('int_identifiers') }} as own on found.node = own.node
)

select * from final
