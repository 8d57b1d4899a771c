with products as (
    select * from {{ ref('stg_products') }}
),

final as (
    -- By category first: the products of a category then lie side by side in every user's purchases.
    select
        products.sku, categories.category_no,
        (row_number() over (order by categories.category_no, products.sku collate "C"))::int - 1 as sku_no
    from products
    inner join {{ ref('int_categories_numbered') }} as categories on products.category = categories.category
)

select * from final
