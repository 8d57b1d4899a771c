with categories as (
    -- A category is needed again as soon as the first of its products is; those bought once say nothing of that.
    select category, coalesce(min(replenishment_days), 0) as replenishment_days
    from {{ ref('stg_products') }}
    where category is not null
    group by category
),

final as (
    select
        category,
        cast(row_number() over (order by {{ by_bytes('category') }}) as int) - 1 as category_no,
        replenishment_days
    from categories
)

select * from final
