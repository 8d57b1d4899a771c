{{ config(materialized='view') }}
with named as (

    select 'order_lines' as export, order_id from {{ ref('recent_order_lines') }} where is_new
    union
    {{ new_raw_rows('refunds', "'refunds' as export, order_id") }}
    union
    {{ new_raw_rows('reviews', "'reviews' as export, order_id") }}
    union
    {{ new_raw_rows('coupons', "'coupons' as export, order_id") }} and order_id is not null

),

known as (

    select distinct order_id from {{ source('raw', 'orders') }} where _business_date <= {{ business_date() }}

),

counted as (

    select
        named.export,
        count(*) as row_count,
        count(*) filter (where known.order_id is null) as unknown
    from named
    left join known on named.order_id = known.order_id
    group by named.export

),

-- Orders set aside by their contract leave their lines behind: those are known, and are not counted twice.
set_aside as (

    select coalesce(sum(set_aside), 0) as orders
    from {{ ref('delivery_days') }}
    where export = 'orders' and is_new

),

final as (

    select
        counted.export,
        counted.row_count,
        cast(case
            when counted.export = 'order_lines' then greatest(counted.unknown - set_aside.orders, 0)
            else counted.unknown
        end as bigint) as unknown
    from counted
    cross join set_aside

)

select * from final
