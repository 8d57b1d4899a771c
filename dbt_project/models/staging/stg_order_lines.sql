with current_versions as (
    {{ current_rows('order_lines') }}
)

select * from current_versions
