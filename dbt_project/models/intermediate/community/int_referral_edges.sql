-- One row per user acquired by referral: the edges of the forest, by the month in which the invited user was acquired.
select
    forest.user_id,
    forest.referrer_user_id,
    users.acquired_month as month
from {{ ref('int_referral_forest') }} as forest
inner join {{ ref('int_users_acquired') }} as users on forest.user_id = users.user_id
where forest.referrer_user_id is not null
