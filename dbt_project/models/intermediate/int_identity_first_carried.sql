-- When a row first carried an identifier, over all its versions: a re-delivery does not make a link younger.
with carried as (
    {{ carried_identifiers() }}
),

final as (
    select
        export, row_id, kind, identifier,
        min(_business_date) as first_carried
    from carried
    where _business_date <= {{ business_date() }}
    group by export, row_id, kind, identifier
)

select * from final
