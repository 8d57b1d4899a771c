with users as (
    select user_id from {{ ref('int_users_acquired') }} where acquired_day <= {{ business_date() }}
),

final as (
    select
        users.user_id,
        forest.referrer_user_id,
        coalesce(forest.direct, 0) as direct,
        coalesce(forest.indirect, 0) as indirect,
        coalesce(forest.depth, 0) as depth,
        coalesce(forest.levels_below, 0) as levels_below,
        forest.ring_users
    from users
    left join {{ ref('int_referral_forest') }} as forest on users.user_id = forest.user_id
)

select * from final
