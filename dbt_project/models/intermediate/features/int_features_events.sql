-- One row per user × day of int_feature_days with an event in the 90 days to it.
-- First put together by user, type and day, so that each event is read once.
{% set kinds = {
    'browses': 'browse', 'searches': 'search', 'carts': 'add_to_cart', 'consults': 'consult', 'messages': 'message_in',
    'check_ins': 'check_in', 'shares': 'share', 'games': 'game', 'content_views': 'content_view',
} %}
with event_days as (
    select users.user_id, events.event_type, {{ local_day('events.occurred_at') }} as day, count(*) as events
    from {{ ref('stg_events') }} as events
    inner join {{ ref('int_events_users') }} as users on events.event_id = users.event_id
    group by 1, 2, 3
),

final as (
    select
        event_days.user_id, days.as_of,
        {%- for name, kind in kinds.items() %}
        cast(coalesce(sum(event_days.events) filter (
            where event_days.event_type = '{{ kind }}' and days.as_of - event_days.day < 30
        ), 0) as int) as {{ name }}_30d,
        {%- endfor %}
        cast(coalesce(sum(event_days.events) filter (where event_days.event_type = 'share'), 0) as int) as shares_90d,
        days.as_of - max(event_days.day) filter (where event_days.event_type = 'add_to_cart') as days_since_cart
    from event_days
    inner join {{ ref('int_feature_days') }} as days
        on days.as_of - event_days.day between 0 and 89
    group by event_days.user_id, days.as_of
)

select * from final
