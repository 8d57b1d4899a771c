with rows_of_sources as (

    select _source, count(*) filter (where paid_at is not null) as paid_rows
    from {{ source('raw', 'orders') }}
    where _business_date <= {{ business_date() }} and not coalesce(is_test, false)
    group by _source

),

-- Versions of one order are counted where it matters alone.
unpaid as (

    select orders._source, count(distinct orders.order_id) as orders
    from {{ source('raw', 'orders') }} as orders
    inner join rows_of_sources on orders._source = rows_of_sources._source and rows_of_sources.paid_rows = 0
    where orders._business_date <= {{ business_date() }} and not coalesce(orders.is_test, false)
    group by orders._source

),

final as (

    select
        rows_of_sources._source as source,
        rows_of_sources.paid_rows,
        coalesce(unpaid.orders, rows_of_sources.paid_rows) as orders
    from rows_of_sources
    left join unpaid on rows_of_sources._source = unpaid._source

)

select * from final
