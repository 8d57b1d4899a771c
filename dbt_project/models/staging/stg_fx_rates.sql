with current_versions as (
    {{ last_snapshot('fx_rates') }}
)

select * from current_versions
