with versions as (

    select
        order_id,
        contact_id,
        status,
        placed_at,
        paid_at,
        gross_amount,
        discount_amount,
        shipping_amount,
        paid_amount,
        currency,
        sales_channel,
        channel_code,
        store_id,
        group_id,
        updated_at,
        _load_id,
        _line,
        _business_date,
        _source,
        _business_date > {{ unpublished_since() }} as is_new
    from {{ source('raw', 'orders') }}
    where _business_date <= {{ business_date() }} and not coalesce(is_test, false)

),

final as (

    select
        *,
        {{ local_day('placed_at') }} as day,
        row_number() over (partition by order_id, is_new order by {{ newest_first() }}) = 1 as is_latest
    from versions
    where is_new or placed_at >= {{ start_of_day(days_back(63)) }}

)

select * from final
