with current_versions as (
    {{ current_rows('communities') }}
)

select * from current_versions
