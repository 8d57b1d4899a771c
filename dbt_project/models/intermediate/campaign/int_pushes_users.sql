-- Every push sent by the business date with its user, what became of it by then, and how many pushes the user was
-- sent on the 7 days to its day. A push to an unknown contact has no user until the contact comes.
{% set ended_at = start_of_day(add_days(business_date(), 1)) %}
with pushes as (
    select
        pushes.push_id, pushes.contact_id, users.user_id, pushes.campaign_id, pushes.medium, pushes.sent_at,
        pushes.delivered_at, pushes.opened_at, pushes.clicked_at, pushes.unsubscribed_at,
        {{ local_day('pushes.sent_at') }} as sent_day
    from {{ ref('stg_pushes') }} as pushes
    left join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id
    where pushes.sent_at < {{ ended_at }}
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
        coalesce({{ fate }}_at < {{ ended_at }}, false) as is_{{ fate }},
        {%- endfor %}
        case when opened_at < {{ ended_at }} then {{ local_hour('opened_at') }} end as opened_hour,
        case
            when user_id is not null then count(*) over (
                partition by user_id
                order by {{ days_between('sent_day', "cast('2000-01-01' as date)") }}
                range between 6 preceding and current row
            )
        end as pushes_7d
    from pushes
)

select * from final
