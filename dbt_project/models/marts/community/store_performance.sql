{% set last_day = business_date() %}
with grid as (
    select * from {{ ref('int_store_month_grid') }}
),

figures as (
    select * from {{ ref('int_store_months') }}
),

near as (
    select distances.store_id, distances.community_id, communities.store_id as assigned_store_id
    from {{ ref('int_store_distances') }} as distances
    inner join {{ ref('stg_communities') }} as communities on distances.community_id = communities.community_id
    where distances.is_in_reach
),

first_consumers as (
    select community_id, min(first_order_day) as day
    from {{ ref('int_community_consumers') }}
    group by community_id
),

reach as (
    select
        grid.store_id,
        grid.month,
        cast(count(*) as int) as communities_3km,
        cast(count(*) filter (where near.assigned_store_id = near.store_id) as int) as communities_assigned,
        cast(count(*) filter (where first_consumers.day <= grid.last_day) as int) as communities_covered
    from grid
    inner join near on grid.store_id = near.store_id
    left join first_consumers on near.community_id = first_consumers.community_id
    group by grid.store_id, grid.month
),

final as (
    select
        grid.store_id,
        stores.store_name,
        stores.latitude,
        stores.longitude,
        grid.month,
        coalesce(figures.new_users, 0) as new_users,
        case
            when {{ days_between(last_day, 'figures.last_acquired_day') }} >= {{ var('first_order_window_days') }}
                then {{ ratio('figures.converted_users', 'figures.new_users') }}
        end as first_order_conversion,
        coalesce(figures.first_buyers, 0) as first_buyers,
        case
            when {{ add_days(add_months('grid.month', 2), -1) }} <= {{ last_day }}
                then {{ ratio('figures.next_month_buyers', 'figures.first_buyers') }}
        end as next_month_repurchase_rate,
        coalesce(figures.orders, 0) as orders,
        {{ money('coalesce(figures.net, 0)') }} as net,
        coalesce(reach.communities_3km, 0) as communities_3km,
        coalesce(reach.communities_assigned, 0) as communities_assigned,
        coalesce(reach.communities_covered, 0) as communities_covered,
        {{ ratio('reach.communities_covered', 'reach.communities_3km') }} as coverage
    from grid
    left join figures on grid.store_id = figures.store_id and grid.month = figures.month
    left join {{ ref('stg_stores') }} as stores on grid.store_id = stores.store_id
    left join reach on grid.store_id = reach.store_id and grid.month = reach.month
)

select * from final
