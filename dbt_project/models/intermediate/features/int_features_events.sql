-- One row per user × day of int_feature_days with an event in the 90 days to it.
{% set kinds = {
    'browses': 'browse', 'searches': 'search', 'carts': 'add_to_cart', 'consults': 'consult', 'messages': 'message_in',
    'check_ins': 'check_in', 'shares': 'share', 'games': 'game', 'content_views': 'content_view',
} %}
with figures as (
    select
        events.user_id, days.as_of,
        {%- for name, kind in kinds.items() %}
        cast(count(*) filter (
            where events.event_type = '{{ kind }}' and events.occurred_at >= days.since_30d
        ) as int) as {{ name }}_30d,
        {%- endfor %}
        cast(count(*) filter (where events.event_type = 'share') as int) as shares_90d,
        max(events.occurred_at) filter (where events.event_type = 'add_to_cart') as last_cart_at
    from {{ ref('int_events_users') }} as events
    inner join {{ ref('int_feature_days') }} as days
        on events.occurred_at >= days.since_90d and events.occurred_at < days.ends_at
    group by events.user_id, days.as_of
),

final as (
    select
        user_id, as_of,
        {%- for name in kinds %}
        {{ name }}_30d,
        {%- endfor %}
        shares_90d,
        {{ days_between('as_of', local_day('last_cart_at')) }} as days_since_cart
    from figures
)

select * from final
