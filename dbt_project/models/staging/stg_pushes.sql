with kept_versions as (
    {{ current_rows('pushes') }}
),

final as (
    select * from kept_versions
    where {{ not_erased('kept_versions') }}
)

select * from final
