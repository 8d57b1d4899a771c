with current_versions as (
    {{ current_rows('ad_stats') }}
)

select * from current_versions
