with channels as (

    select distinct channel_code from {{ source('raw', 'channels') }} where _business_date <= {{ business_date() }}

),

products as (

    select distinct sku from {{ source('raw', 'products') }} where _business_date <= {{ business_date() }}

),

lines_of_products as (

    select lines._source, lines.is_new, products.sku is not null as is_listed
    from {{ ref('recent_order_lines') }} as lines
    left join products on lines.sku = products.sku
    where lines.is_product

),

counted as (

    select export, 'contact' as reference, row_count, unknown from {{ ref('named_contacts') }}
    union all
    select export, 'order' as reference, row_count, unknown from {{ ref('named_orders') }}
    union all
    select
        'order_lines' as export, 'product' as reference, count(*) as row_count,
        count(*) filter (where not is_listed) as unknown
    from lines_of_products
    -- Of a source whose goods stand in no catalogue nobody lists what its lines name.
    where is_new and _source in (select distinct _source from lines_of_products where is_listed)
    union all
    select
        'touches' as export, 'channel' as reference, count(*) as row_count,
        count(*) filter (where channels.channel_code is null) as unknown
    from {{ ref('recent_touches') }} as touches
    left join channels on touches.channel_code = channels.channel_code
    where touches.is_new

),

final as (

    select
        *,
        {{ share('unknown', 'row_count') }} as unknown_share,
        {{ share_of_many('unknown', 'row_count') }} as unknown_share_of_many
    from counted
    where row_count > 0

)

select * from final
