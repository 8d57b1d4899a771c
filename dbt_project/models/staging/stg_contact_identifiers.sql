with kept_versions as (
    select * from {{ ref('base_contact_identifiers') }}
),

final as (
    select * from kept_versions
    where {{ not_erased('kept_versions') }}
)

select * from final
