{% set age = business_date() ~ ' - sent_day' %}
with pushes as (

    select * from {{ ref('int_pushes_users') }} where user_id is not null

),

figures as (

    select
        user_id,
        count(*) filter (where {{ age }} < 7) as pushes_7d,
        count(*) filter (where {{ age }} < 30) as pushes_30d,
        count(*) filter (where {{ age }} < 30 and is_delivered) as delivered_30d,
        count(*) filter (where {{ age }} < 30 and is_delivered and is_opened) as opened_30d,
        count(*) filter (where {{ age }} >= 30 and is_delivered) as delivered_before,
        count(*) filter (where {{ age }} >= 30 and is_delivered and is_opened) as opened_before
    from pushes
    group by user_id

),

hours as (

    select distinct on (user_id) user_id, opened_hour as best_hour
    from pushes
    where opened_hour is not null
    group by user_id, opened_hour
    order by user_id, count(*) desc, opened_hour

),

reachable as (

    select distinct user_id from {{ ref('int_users_reachability') }} where is_reachable

)

select
    figures.user_id,
    figures.pushes_7d,
    figures.pushes_30d,
    {{ ratio('figures.opened_30d', 'figures.delivered_30d') }} as open_rate_30d,
    {{ ratio('figures.opened_before', 'figures.delivered_before') }} as open_rate_before,
    hours.best_hour,
    reachable.user_id is not null and figures.pushes_7d < {{ var('push_max_7d') }} as may_push
from figures
left join hours on figures.user_id = hours.user_id
left join reachable on figures.user_id = reachable.user_id
