-- One row per user × day of int_feature_days with a push sent in the 90 days to it.
with figures as (
    select
        users.user_id, days.as_of,
        cast(count(*) filter (where pushes.sent_at >= days.since_7d) as int) as pushes_7d,
        cast(count(*) filter (where pushes.sent_at >= days.since_30d) as int) as pushes_30d,
        cast(count(*) as int) as pushes_90d,
        cast(count(*) filter (
            where pushes.opened_at >= days.since_30d and pushes.opened_at < days.ends_at
        ) as int) as pushes_opened_30d,
        cast(count(*) filter (where pushes.opened_at < days.ends_at) as int) as pushes_opened_90d,
        cast(count(*) filter (where pushes.clicked_at < days.ends_at) as int) as pushes_clicked_90d,
        cast(count(*) filter (where pushes.unsubscribed_at < days.ends_at) as int) as unsubscribes_90d,
        count(*) filter (where pushes.delivered_at < days.ends_at) as delivered,
        count(*) filter (where pushes.delivered_at < days.ends_at and pushes.opened_at < days.ends_at) as opened
    from {{ ref('stg_pushes') }} as pushes
    inner join {{ ref('int_feature_days') }} as days
        on pushes.sent_at >= days.since_90d and pushes.sent_at < days.ends_at
    inner join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id
    group by users.user_id, days.as_of
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
