-- One row per user × day of int_feature_days with a push sent in the 90 days to it.
with pushes as (
    select
        users.user_id,
        {{ local_day('pushes.sent_at') }} as sent_day,
        {{ local_day('pushes.delivered_at') }} as delivered_day,
        {{ local_day('pushes.opened_at') }} as opened_day,
        {{ local_day('pushes.clicked_at') }} as clicked_day,
        {{ local_day('pushes.unsubscribed_at') }} as unsubscribed_day
    from {{ ref('stg_pushes') }} as pushes
    inner join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id
),

final as (
    select
        pushes.user_id, days.as_of,
        {%- for window in [7, 30] %}
        cast(count(*) filter (where days.as_of - pushes.sent_day < {{ window }}) as int) as pushes_{{ window }}d,
        {%- endfor %}
        cast(count(*) as int) as pushes_90d,
        cast(count(*) filter (where pushes.opened_day between days.as_of - 29 and days.as_of) as int) as pushes_opened_30d,
        cast(count(*) filter (where pushes.opened_day <= days.as_of) as int) as pushes_opened_90d,
        cast(count(*) filter (where pushes.clicked_day <= days.as_of) as int) as pushes_clicked_90d,
        cast(count(*) filter (where pushes.unsubscribed_day <= days.as_of) as int) as unsubscribes_90d,
        {{ ratio(
            'count(*) filter (where pushes.delivered_day <= days.as_of and pushes.opened_day <= days.as_of)',
            'count(*) filter (where pushes.delivered_day <= days.as_of)'
        ) }} as open_rate_90d,
        count(*) filter (where days.as_of - pushes.sent_day < 7) >= {{ var('push_max_7d') }} as is_tired
    from pushes
    inner join {{ ref('int_feature_days') }} as days
        on days.as_of - pushes.sent_day between 0 and 89
    group by pushes.user_id, days.as_of
)

select * from final
