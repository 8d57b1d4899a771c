-- One row per user that invited or was invited, with their place in the forest.
select
    own.user_id,
    inviters.user_id as referrer_user_id,
    forest.depth,
    forest.direct,
    forest.indirect,
    forest.levels_below,
    forest.ring_users
from {{ source('scores', 'referral_forest') }} as forest
inner join {{ ref('int_referral_inviters') }} as own on forest.user_no = own.user_no
left join {{ ref('int_referral_inviters') }} as inviters on forest.inviter_no = inviters.user_no
