-- One row per user with a touch by D: the first of all, and the first that says who they are.
with touches as (
    select user_id, touch_id, occurred_at, coalesce(channel_code, 'unknown') as channel_code, is_identified
    from {{ ref('int_touches_users') }}
    where {{ local_day('occurred_at') }} <= {{ business_date() }}
),

ranked as (
    select
        *,
        row_number() over (partition by user_id order by occurred_at, {{ by_bytes('touch_id') }}) as place,
        min(case when is_identified then occurred_at end) over (partition by user_id) as identified_at
    from touches
),

final as (
    select
        user_id,
        occurred_at as first_touch_at,
        {{ local_day('occurred_at') }} as first_touch_day,
        {{ month_of(local_day('occurred_at')) }} as first_touch_month,
        channel_code,
        identified_at
    from ranked
    where place = 1
)

select * from final
