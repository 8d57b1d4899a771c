-- One row per user × day of int_feature_days with an event in the 90 days to it.
{% set kinds = {
    'browses': 'browse', 'searches': 'search', 'carts': 'add_to_cart', 'consults': 'consult', 'messages': 'message_in',
    'check_ins': 'check_in', 'shares': 'share', 'games': 'game', 'content_views': 'content_view',
} %}
{% set age = days_between('days.as_of', 'event_days.day') %}
with event_days as (
    select
        users.user_id,
        {{ local_day('events.occurred_at') }} as day,
        {%- for name, kind in kinds.items() %}
        count(*) filter (where events.event_type = '{{ kind }}') as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_events') }} as events
    inner join {{ ref('int_events_users') }} as users on events.event_id = users.event_id
    where events.occurred_at >= {{ feature_window_start() }}
    group by users.user_id, {{ local_day('events.occurred_at') }}
),

final as (
    select
        event_days.user_id, days.as_of,
        {%- for name in kinds %}
        cast(coalesce(sum(event_days.{{ name }}) filter (where {{ age }} < 30), 0) as int) as {{ name }}_30d,
        {%- endfor %}
        cast(sum(event_days.shares) as int) as shares_90d,
        min({{ age }}) filter (where event_days.carts > 0) as days_since_cart
    from event_days
    inner join {{ ref('int_feature_days') }} as days on {{ age }} between 0 and 89
    group by event_days.user_id, days.as_of
)

select * from final
