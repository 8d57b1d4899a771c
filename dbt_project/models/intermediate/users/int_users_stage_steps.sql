-- One row per acquired user × track × stage reached by D, in the order the user first reached them.
with firsts as (

    select
        mapped.user_id,
        events.track,
        events.stage_code,
        min(events.occurred_at) as reached_at
    from {{ ref('stg_stage_events') }} as events
    inner join {{ ref('map_contact_user') }} as mapped on events.contact_id = mapped.contact_id
    inner join {{ ref('int_users_acquired') }} as users on mapped.user_id = users.user_id
    where
        users.acquired_day <= {{ business_date() }}
        and {{ local_day('events.occurred_at') }} <= {{ business_date() }}
    group by mapped.user_id, events.track, events.stage_code

)

select
    user_id,
    track,
    stage_code,
    {{ local_day('reached_at') }} as reached_day,
    cast(row_number() over path as int) as position,
    {{ local_day('lead(reached_at) over path') }} as next_day
from firsts
window path as (partition by user_id, track order by reached_at, {{ by_bytes('stage_code') }})
