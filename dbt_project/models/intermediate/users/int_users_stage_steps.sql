-- One row per acquired user × track × stage reached by D, in the order the user first reached them.
{{ config(indexes=[{'columns': ['user_id']}]) }}
with events as (

    select
        mapped.user_id,
        events.track,
        events.stage_code,
        events.event_id,
        events.occurred_at
    from {{ ref('stg_stage_events') }} as events
    inner join {{ ref('map_contact_user') }} as mapped on events.contact_id = mapped.contact_id
    inner join {{ ref('int_users_acquired') }} as users on mapped.user_id = users.user_id
    where
        users.acquired_day <= {{ business_date() }}
        and {{ touched('users.user_id') }}
        and {{ local_day('events.occurred_at') }} <= {{ business_date() }}

),

firsts as (

    select distinct on (user_id, track, stage_code) *
    from events
    order by user_id, track, stage_code, occurred_at, event_id collate "C"

)

select
    user_id,
    track,
    stage_code,
    {{ local_day('occurred_at') }} as reached_day,
    (row_number() over path)::int as position,
    {{ local_day('lead(occurred_at) over path') }} as next_day
from firsts
window path as (partition by user_id, track order by occurred_at, event_id collate "C")
