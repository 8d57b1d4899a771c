{{ config(post_hook=['create unique index on {{ this }} (touch_id)']) }}
select rows.row_id as touch_id, components.user_id
from {{ ref('int_identity_nodes_of_rows') }} as rows
inner join {{ ref('int_identity_components') }} as components
    on rows.first_node = components.node and components.what = 'node'
where rows.export = 'touches'
