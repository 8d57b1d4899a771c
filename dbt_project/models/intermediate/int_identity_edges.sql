-- Distinct pairs of linking identifiers, with the day a row first carried both.
with pairs as (
    select rows.nodes[1] as node_a, other.node as node_b, greatest(rows.since[1], other.since) as linked_on
    from {{ ref('int_identity_nodes_of_rows') }} as rows
    cross join lateral unnest(rows.nodes[2:], rows.since[2:]) as other (node, since)
),

final as (
    select node_a, node_b, min(linked_on) as linked_on
    from pairs
    group by node_a, node_b
)

select * from final
