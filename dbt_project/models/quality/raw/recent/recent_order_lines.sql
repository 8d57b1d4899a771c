with versions as (

    select
        order_id,
        line_no,
        sku,
        quantity,
        unit_price,
        line_amount,
        coalesce(line_kind, 'goods') in ('goods', 'gift') as is_product,
        updated_at,
        _load_id,
        _line,
        _business_date,
        _source,
        _business_date > {{ unpublished_since() }} as is_new
    from {{ source('raw', 'order_lines') }}
    where _business_date <= {{ business_date() }}

),

final as (

    select
        *,
        {{ local_day('updated_at') }} as day
    from versions
    where is_new or updated_at >= {{ start_of_day(days_back(63)) }}

)

select * from final
