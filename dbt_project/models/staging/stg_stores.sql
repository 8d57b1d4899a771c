with current_versions as (
    {{ last_snapshot('stores') }}
)

select * from current_versions
