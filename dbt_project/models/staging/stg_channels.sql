with current_versions as (
    {{ last_snapshot('channels') }}
)

select * from current_versions
