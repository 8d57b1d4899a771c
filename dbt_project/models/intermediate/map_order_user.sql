-- An order whose identifiers all link nobody is a user by itself; one without identifier has none.
{{ config(post_hook=['create unique index on {{ this }} (order_id)']) }}
with identified as (
    select distinct row_id from {{ ref('int_identity_rows') }} where export = 'orders'
),

final as (
    select
        identified.row_id as order_id,
        coalesce(components.user_id, 'u_' || left(md5('order_id:' || identified.row_id), 16)) as user_id
    from identified
    left join {{ ref('int_identity_nodes_of_rows') }} as rows
        on identified.row_id = rows.row_id and rows.export = 'orders'
    left join {{ ref('int_identity_components') }} as components
        on rows.first_node = components.node and components.what = 'node'
)

select * from final
