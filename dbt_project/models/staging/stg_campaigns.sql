with current_versions as (
    {{ current_rows('campaigns') }}
)

select * from current_versions
