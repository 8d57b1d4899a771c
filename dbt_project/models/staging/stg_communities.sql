with current_versions as (
    {{ last_snapshot('communities') }}
)

select * from current_versions
