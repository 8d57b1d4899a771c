-- One row per campaign × user it pushed, with the day of the first push.
select
    campaign_id,
    user_id,
    min(sent_day) as first_day
from {{ ref('int_pushes_users') }}
where campaign_id is not null and user_id is not null
group by campaign_id, user_id
