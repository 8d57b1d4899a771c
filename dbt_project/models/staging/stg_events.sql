with kept_versions as (
    select * from {{ ref('base_events') }}
),

final as (
    select * from kept_versions
    where {{ not_erased('kept_versions', ['device_id']) }}
)

select * from final
