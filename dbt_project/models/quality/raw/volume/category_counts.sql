{{ config(materialized='view') }}
with products as (

    {{ newest_by(
        source('raw', 'products'), ['sku'], ['sku', 'category'],
        '_business_date desc, _line desc, _load_id desc', '_business_date <= ' ~ business_date()
    ) }}

),

categorised as (

    select 'order_lines' as export, lines.is_new, lines.day, coalesce(products.category, 'none') as category
    from {{ ref('recent_order_lines') }} as lines
    left join products on lines.sku = products.sku
    where lines.is_product
    union all
    select 'orders' as export, is_new, day, sales_channel as category from {{ ref('recent_orders') }}
    union all
    select 'touches' as export, is_new, day, channel_code as category from {{ ref('recent_touches') }}
    union all
    select 'events' as export, is_new, day, event_type as category from {{ ref('recent_events') }}
    union all
    select 'contacts' as export, is_new, {{ local_day('updated_at') }} as day, source_channel_code as category
    from {{ ref('recent_contacts') }}

),

-- All new rows together, and each day before.
final as (

    select
        export,
        is_new,
        case when not is_new then day end as past_day,
        coalesce(category, '') as category,
        count(*) as row_count
    from categorised
    where is_new or day >= {{ days_back(28) }}
    group by 1, 2, 3, 4

)

select * from final
