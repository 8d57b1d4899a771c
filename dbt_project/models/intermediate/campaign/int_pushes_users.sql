-- Every push sent by the business date with its user, what became of it by then, and how many pushes the user was
-- sent on the 7 days to its day. A push to an unknown contact has no user until the contact comes.
{% set last_day = business_date() %}
with pushes as (

    select
        pushes.*,
        users.user_id,
        {{ local_day('pushes.sent_at') }} as sent_day
    from {{ ref('stg_pushes') }} as pushes
    left join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id

),

final as (

    select
        push_id,
        contact_id,
        user_id,
        campaign_id,
        {{ reach_medium('medium') }} as medium,
        sent_at,
        sent_day,
        {%- for fate in ['delivered', 'opened', 'clicked', 'unsubscribed'] %}
        coalesce({{ local_day(fate ~ '_at') }} <= {{ last_day }}, false) as is_{{ fate }},
        {%- endfor %}
        case
            when {{ local_day('opened_at') }} <= {{ last_day }}
                then cast(extract(hour from opened_at at time zone {{ business_timezone() }}) as int)
        end as opened_hour,
        case
            when user_id is not null then count(*) over (
                partition by user_id order by sent_day range between interval '6 days' preceding and current row
            )
        end as pushes_7d
    from pushes
    where sent_day <= {{ last_day }}

)

select * from final
