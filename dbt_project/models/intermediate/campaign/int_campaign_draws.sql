-- One row per campaign × draw (0 to 999) with the day it draws: the days of first pushes, each with its share of the
-- pushed users in thousandths. In thousandths, because a user more or less then moves no other user's day.
with days as (

    select
        campaign_id,
        first_day,
        count(*) as users,
        sum(count(*)) over (partition by campaign_id order by first_day) as users_by_then,
        sum(count(*)) over (partition by campaign_id) as pushed_users
    from {{ ref('int_campaign_first_pushes') }}
    group by campaign_id, first_day

),

media as (

    select campaign_id, string_agg(medium, ',' order by medium) as media
    from (
        select distinct campaign_id, medium from {{ ref('int_pushes_users') }} where user_id is not null
    ) as used
    group by campaign_id

)

select
    days.campaign_id,
    cast(draws.draw as bigint) as draw,
    days.first_day as index_day,
    media.media
from days
inner join ({{ number_spine(999) }}) as draws (draw)
    on
        draws.draw * days.pushed_users >= (days.users_by_then - days.users) * 1000
        and draws.draw * days.pushed_users < days.users_by_then * 1000
inner join media on days.campaign_id = media.campaign_id
