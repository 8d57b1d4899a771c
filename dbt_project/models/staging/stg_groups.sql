with current_versions as (
    {{ current_rows('groups') }}
)

select * from current_versions
