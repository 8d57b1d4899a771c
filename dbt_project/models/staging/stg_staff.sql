with current_versions as (
    {{ last_snapshot('staff') }}
)

select * from current_versions
