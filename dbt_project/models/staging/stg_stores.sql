with current_versions as (
    {{ current_rows('stores') }}
)

select * from current_versions
