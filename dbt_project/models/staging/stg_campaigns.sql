with current_versions as (
    {{ last_snapshot('campaigns') }}
)

select * from current_versions
