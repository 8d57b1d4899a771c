with pushes as (
    select *, {{ days_between(business_date(), 'sent_day') }} as age
    from {{ ref('int_pushes_users') }}
    where user_id is not null
),

figures as (
    select
        user_id,
        count(*) filter (where age < 7) as pushes_7d,
        count(*) filter (where age < 30) as pushes_30d,
        count(*) filter (where age < 30 and is_delivered) as delivered_30d,
        count(*) filter (where age < 30 and is_delivered and is_opened) as opened_30d,
        count(*) filter (where age >= 30 and is_delivered) as delivered_before,
        count(*) filter (where age >= 30 and is_delivered and is_opened) as opened_before
    from pushes
    group by user_id
),

hours as (
    select
        user_id, opened_hour,
        row_number() over (partition by user_id order by count(*) desc, opened_hour) as place
    from pushes
    where opened_hour is not null
    group by user_id, opened_hour
),

reachable as (
    select distinct user_id from {{ ref('int_users_reachability') }} where is_reachable
),

final as (
    select
        figures.user_id,
        figures.pushes_7d,
        figures.pushes_30d,
        {{ ratio('figures.opened_30d', 'figures.delivered_30d') }} as open_rate_30d,
        {{ ratio('figures.opened_before', 'figures.delivered_before') }} as open_rate_before,
        hours.opened_hour as best_hour,
        reachable.user_id is not null and figures.pushes_7d < {{ var('push_max_7d') }} as may_push
    from figures
    left join hours on figures.user_id = hours.user_id and hours.place = 1
    left join reachable on figures.user_id = reachable.user_id
)

select * from final
