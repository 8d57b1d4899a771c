with products as (
    select * from {{ ref('stg_products') }}
),

final as (
    -- By category first: the products of a category then lie side by side in every user's purchases.
    select
        products.sku, categories.category_no,
        cast(row_number() over (order by categories.category_no, {{ by_bytes('products.sku') }}) as int) - 1 as sku_no
    from products
    inner join {{ ref('int_categories_numbered') }} as categories on products.category = categories.category
)

select * from final
