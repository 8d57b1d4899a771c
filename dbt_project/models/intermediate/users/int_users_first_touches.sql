-- One row per user with a touch by D: the first of all, and the first that says who they are.
with touches as (
    select
        mapped.user_id,
        touches.touch_id,
        touches.occurred_at,
        coalesce(touches.channel_code, 'unknown') as channel_code,
        coalesce(touches.contact_id, touches.phone_hash, touches.email_hash, touches.unionid_hash)
        is not null as is_identified
    from {{ ref('stg_touches') }} as touches
    inner join {{ ref('int_touches_users') }} as mapped on touches.touch_id = mapped.touch_id
    where {{ local_day('touches.occurred_at') }} <= {{ business_date() }}
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
