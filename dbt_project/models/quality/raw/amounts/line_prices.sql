-- A price against those that the same product had: one line that costs ten times the dearest is told.
with before as (

    select sku, max(unit_price) as dearest
    from {{ ref('recent_order_lines') }}
    where not is_new and sku is not null
    group by sku
    having count(*) >= 5

),

compared as (

    select lines.unit_price > 10 * before.dearest and before.dearest > 0 as is_far
    from {{ ref('recent_order_lines') }} as lines
    inner join before on lines.sku = before.sku
    where lines.is_new

),

final as (

    select
        'order_lines' as export,
        count(*) as row_count,
        count(*) filter (where is_far) as rows_far
    from compared

)

select * from final
