-- Rows whose user this night may change: those that came, and those that carry an identifier in scope. Empty where
-- everything is built anew.
select export, row_id
from {{ ref('int_changed_rows') }}
where export in ('contacts', 'orders', 'touches', 'events')
union
select carried.export, carried.row_id
from {{ ref('int_identity_carried') }} as carried
inner join {{ ref('int_identity_scope') }} as scope
    on carried.kind = scope.kind and carried.identifier = scope.identifier
