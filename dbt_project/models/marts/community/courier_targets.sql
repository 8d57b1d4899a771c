{% set last_day = business_date() %}
{% set recent_days = var('community_recent_days') %}
with couriers as (
    select staff_id, coalesce(new_consumer_target, {{ var('courier_default_target') }}) as target
    from {{ ref('stg_staff') }}
    where role = 'courier'
),

assigned as (
    select courier_id as staff_id, cast(count(*) as int) as communities
    from {{ ref('stg_communities') }}
    group by courier_id
),

wins as (
    select
        communities.courier_id as staff_id,
        consumers.first_order_day as day,
        sum(consumers.consumer_users) as consumer_users,
        sum(sum(consumers.consumer_users)) over (
            partition by communities.courier_id order by consumers.first_order_day
        ) as by_then
    from {{ ref('int_community_consumers') }} as consumers
    inner join {{ ref('stg_communities') }} as communities on consumers.community_id = communities.community_id
    group by communities.courier_id, consumers.first_order_day
),

won as (
    select
        couriers.staff_id,
        couriers.target,
        cast(coalesce(sum(wins.consumer_users), 0) as int) as consumer_users,
        cast(coalesce(sum(wins.consumer_users) filter (
            where {{ days_between(last_day, 'wins.day') }} < {{ recent_days }}
        ), 0) as int) as recent_users,
        min(wins.day) filter (where couriers.target > 0 and wins.by_then >= couriers.target) as reached_on
    from couriers
    left join wins on couriers.staff_id = wins.staff_id
    group by couriers.staff_id, couriers.target
),

-- The least whole number of days in which the present pace makes up what is missing.
paced as (
    select
        *,
        case
            when
                cast(target - consumer_users as bigint) * {{ recent_days }}
                <= cast(recent_users as bigint) * {{ var('courier_projection_max_days') }}
                then {{ integer_quotient(
                    '(target - consumer_users) * ' ~ recent_days ~ ' + recent_users - 1', 'nullif(recent_users, 0)'
                ) }}
        end as days_to_target
    from won
),

final as (
    select
        paced.staff_id,
        coalesce(assigned.communities, 0) as communities,
        paced.consumer_users,
        paced.target,
        {{ ratio('paced.consumer_users', 'paced.target') }} as attainment,
        {{ ratio('paced.recent_users', recent_days) }} as per_day_30d,
        case
            when paced.consumer_users >= paced.target then paced.reached_on
            else {{ add_days(last_day, 'paced.days_to_target') }}
        end as projected_day
    from paced
    left join assigned on paced.staff_id = assigned.staff_id
)

select * from final
