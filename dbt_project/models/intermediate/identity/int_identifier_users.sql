-- One row per linking identifier with its user, whose id is made of the earliest-seen identifier of the component.
select
    nodes.kind,
    nodes.identifier,
    {{ user_id_of('roots.kind', 'roots.seed') }} as user_id
from {{ ref('int_identity_nodes') }} as nodes
inner join {{ source('identity', 'identity_components') }} as components on nodes.node = components.node
inner join {{ ref('int_identity_nodes') }} as roots on components.root = roots.node
