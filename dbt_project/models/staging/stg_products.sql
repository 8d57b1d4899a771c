with current_versions as (
    {{ current_rows('products') }}
)

select * from current_versions
