-- One row per user × day of int_feature_days on or after the day on which somebody they brought was acquired.
select
    forest.referrer_user_id as user_id,
    days.as_of,
    cast(count(*) as int) as referrals,
    cast(count(*) filter (
        where {{ days_between('days.as_of', 'brought.acquired_day') }} < 90
    ) as int) as referrals_90d,
    cast(count(*) filter (where brought.first_order_day <= days.as_of) as int) as referred_buyers
from {{ ref('int_referral_forest') }} as forest
inner join {{ ref('int_users_acquired') }} as brought on forest.user_id = brought.user_id
inner join {{ ref('int_feature_days') }} as days on brought.acquired_day <= days.as_of
where forest.referrer_user_id is not null
group by forest.referrer_user_id, days.as_of
