with categories as (
    -- Products bought once say nothing of when a category is needed again; the lower median is a figure someone stated.
    select category, percentile_disc(0.5) within group (order by replenishment_days) as replenishment_days
    from {{ ref('stg_products') }}
    where category is not null
    group by category
),

final as (
    select
        category,
        (row_number() over (order by category collate "C"))::int - 1 as category_no,
        coalesce(replenishment_days, 0)::int as replenishment_days
    from categories
)

select * from final
