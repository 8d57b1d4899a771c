with kept_versions as (
    {{ current_rows('events') }}
),

final as (
    select * from kept_versions
    where {{ not_erased('kept_versions', ['device_id']) }}
)

select * from final
