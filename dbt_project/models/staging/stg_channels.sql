with current_versions as (
    {{ current_rows('channels') }}
)

select * from current_versions
