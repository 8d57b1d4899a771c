with stages as (

    select
        track,
        stage_code,
        count(*) as users,
        count(next_day) as users_going_on,
        avg(position) as mean_position,
        percentile_cont(0.5) within group (order by next_day - reached_day)
        filter (where next_day is not null) as median_days_to_next
    from {{ ref('int_users_stage_steps') }}
    group by track, stage_code

)

select
    track,
    stage_code,
    cast(row_number() over (partition by track order by mean_position, {{ by_bytes('stage_code') }}) as int) as stage_order,
    users,
    {{ ratio('users_going_on', 'users') }} as to_next_rate,
    cast(median_days_to_next as numeric) as median_days_to_next
from stages
