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

accepted as (

    {{ accepted_levels(['category_mix']) }}

),

-- All new rows together, and each day before.
final as (

    select
        categorised.export,
        categorised.is_new,
        case when not categorised.is_new then categorised.day end as past_day,
        coalesce(categorised.category, '') as category,
        count(*) as row_count
    from categorised
    left join accepted on categorised.export = accepted.subject
    where
        categorised.is_new
        or (categorised.day >= {{ days_back(28) }} and coalesce(categorised.day >= accepted.since, true))
    group by 1, 2, 3, 4

)

select * from final
