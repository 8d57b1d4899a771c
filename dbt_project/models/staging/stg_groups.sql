with current_versions as (
    {{ last_snapshot('groups') }}
)

select * from current_versions
