with current_versions as (
    {{ current_rows('staff') }}
)

select * from current_versions
