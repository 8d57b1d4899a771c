with channels as (

    select distinct channel_code from {{ source('raw', 'channels') }} where _business_date <= {{ business_date() }}

),

products as (

    select distinct sku from {{ source('raw', 'products') }} where _business_date <= {{ business_date() }}

),

counted as (

    select export, 'contact' as reference, row_count, unknown from {{ ref('named_contacts') }}
    union all
    select export, 'order' as reference, row_count, unknown from {{ ref('named_orders') }}
    union all
    select
        'order_lines' as export, 'product' as reference, count(*) as row_count,
        count(*) filter (where products.sku is null) as unknown
    from {{ ref('recent_order_lines') }} as lines
    left join products on lines.sku = products.sku
    -- A business without a catalogue names products that nobody lists.
    where lines.is_new and lines.is_product and exists (select 1 from products as catalogue)
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
