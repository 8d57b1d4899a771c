-- One row per user with a touch by D: the first of all, and the first that says who they are.
{{ config(post_hook=['create unique index on {{ this }} (user_id)']) }}
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
        occurred_at,
        channel_code
    from touches
    order by user_id, occurred_at, touch_id collate "C"

),

identified as (

    select
        user_id,
        min(occurred_at) as identified_at
    from touches
    where is_identified
    group by user_id

)

select
    firsts.user_id,
    firsts.occurred_at as first_touch_at,
    {{ local_day('firsts.occurred_at') }} as first_touch_day,
    date_trunc('month', {{ local_day('firsts.occurred_at') }})::date as first_touch_month,
    firsts.channel_code,
    identified.identified_at
from firsts
left join identified on firsts.user_id = identified.user_id
