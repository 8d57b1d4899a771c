-- Every push sent by the business date with its user and what was known of its fate by then.
{{ config(post_hook=['create index on {{ this }} (user_id)']) }}
{% set last_day = business_date() %}
with pushes as (

    select
        push_id,
        campaign_id,
        contact_id,
        sent_at,
        {{ reach_medium('medium') }} as medium,
        {{ local_day('sent_at') }} as sent_day,
        {%- for fate in ['delivered', 'opened', 'clicked', 'unsubscribed'] %}
        coalesce({{ local_day(fate ~ '_at') }} <= {{ last_day }}, false) as is_{{ fate }},
        {%- endfor %}
        extract(hour from opened_at at time zone '{{ var("timezone") }}')::int as opened_hour
    from {{ ref('stg_pushes') }}
    where {{ local_day('sent_at') }} <= {{ last_day }}

)

select
    pushes.push_id,
    users.user_id,
    pushes.campaign_id,
    pushes.medium,
    pushes.sent_at,
    pushes.sent_day,
    pushes.is_delivered,
    pushes.is_opened,
    pushes.is_clicked,
    pushes.is_unsubscribed,
    case when pushes.is_opened then pushes.opened_hour end as opened_hour
from pushes
left join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id
