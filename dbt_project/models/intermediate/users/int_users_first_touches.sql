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

firsts as (

    select distinct on (user_id)
        user_id,
        occurred_at as first_touch_at,
        {{ local_day('occurred_at') }} as first_touch_day,
        channel_code,
        min(occurred_at) filter (where is_identified) over (partition by user_id) as identified_at
    from touches
    order by user_id, occurred_at, {{ by_bytes('touch_id') }}

)

select
    user_id,
    first_touch_at,
    first_touch_day,
    cast(date_trunc('month', first_touch_day) as date) as first_touch_month,
    channel_code,
    identified_at
from firsts
