-- The interval holds the uplift, the uplift is the difference of the two rates (each rounded to six places), and no
-- pushed user is a control user.
select campaign_id
from {{ ref('campaign_performance') }}
where
    uplift not between uplift_low and uplift_high
    or abs(uplift - (order_rate - control_order_rate)) > 0.0000015
    or compared_users > pushed_users
union all
select users.campaign_id
from {{ ref('int_campaign_users') }} as users
inner join {{ ref('int_pushes_users') }} as pushes
    on users.user_id = pushes.user_id and users.campaign_id = pushes.campaign_id
where not users.is_pushed
