with current_versions as (
    {{ last_snapshot('products') }}
)

select * from current_versions
