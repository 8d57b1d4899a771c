-- Every identifier that a current row of contacts, orders, touches and events carries.
with carried as (
    {{ carried_identifiers('stg_') }}
),

final as (
    select export, row_id, kind, identifier from carried
)

select * from final
