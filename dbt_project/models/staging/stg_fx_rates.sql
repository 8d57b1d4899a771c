with current_versions as (
    {{ current_rows('fx_rates') }}
)

select * from current_versions
