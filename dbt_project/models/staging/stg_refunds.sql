with current_versions as (
    {{ current_rows('refunds') }}
)

select * from current_versions
