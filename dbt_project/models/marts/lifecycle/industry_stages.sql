with stages as (
    select
        track,
        stage_code,
        count(*) as users,
        count(next_day) as users_going_on,
        {{ quotient('sum(position)', 'count(*)') }} as mean_position,
        {{ median(days_between('next_day', 'reached_day')) }} as median_days_to_next
    from {{ ref('int_users_stage_steps') }}
    group by track, stage_code
),

final as (
    select
        track,
        stage_code,
        cast(
            row_number() over (partition by track order by mean_position, {{ by_bytes('stage_code') }}) as int
        ) as stage_order,
        users,
        {{ ratio('users_going_on', 'users') }} as to_next_rate,
        median_days_to_next
    from stages
)

select * from final
