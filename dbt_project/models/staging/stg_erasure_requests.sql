with current_versions as (
    {{ current_rows('erasure_requests') }}
)

select * from current_versions
