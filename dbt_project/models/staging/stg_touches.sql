with kept_versions as (
    select * from {{ ref('base_touches') }}
),

final as (
    select * from kept_versions
    where {{ not_erased('kept_versions', ['phone', 'email', 'unionid', 'device_id']) }}
)

select * from final
