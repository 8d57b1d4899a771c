-- One row per user × day of int_feature_days with a push sent in the 90 days to it.
{% set age = days_between('days.as_of', 'pushes.sent_day') %}
with pushes as (
    select
        users.user_id,
        {%- for step in ['sent', 'delivered', 'opened', 'clicked', 'unsubscribed'] %}
        {{ local_day('pushes.' ~ step ~ '_at') }} as {{ step }}_day{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_pushes') }} as pushes
    inner join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id
    where pushes.sent_at >= {{ feature_window_start() }}
),

figures as (
    select
        pushes.user_id, days.as_of,
        {%- for window in [7, 30] %}
        cast(count(*) filter (where {{ age }} < {{ window }}) as int) as pushes_{{ window }}d,
        {%- endfor %}
        cast(count(*) as int) as pushes_90d,
        cast(count(*) filter (
            where {{ days_between('days.as_of', 'pushes.opened_day') }} between 0 and 29
        ) as int) as pushes_opened_30d,
        cast(count(*) filter (where pushes.opened_day <= days.as_of) as int) as pushes_opened_90d,
        cast(count(*) filter (where pushes.clicked_day <= days.as_of) as int) as pushes_clicked_90d,
        cast(count(*) filter (where pushes.unsubscribed_day <= days.as_of) as int) as unsubscribes_90d,
        count(*) filter (where pushes.delivered_day <= days.as_of) as delivered,
        count(*) filter (where pushes.delivered_day <= days.as_of and pushes.opened_day <= days.as_of) as opened
    from pushes
    inner join {{ ref('int_feature_days') }} as days on {{ age }} between 0 and 89
    group by pushes.user_id, days.as_of
),

final as (
    select
        user_id, as_of, pushes_7d, pushes_30d, pushes_90d, pushes_opened_30d, pushes_opened_90d, pushes_clicked_90d,
        unsubscribes_90d,
        {{ quotient('opened', 'delivered') }} as open_rate_90d,
        pushes_7d >= {{ var('push_max_7d') }} as is_tired
    from figures
)

select * from final
