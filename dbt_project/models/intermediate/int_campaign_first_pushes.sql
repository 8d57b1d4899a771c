-- One row per campaign × user it pushed, with the day of the first push and a seat: the users of a campaign numbered
-- in the order of their first days, so that a number drawn evenly draws a day as often as pushed users had it.
select
    campaign_id,
    user_id,
    min(sent_day) as first_day,
    row_number() over (partition by campaign_id order by min(sent_day), user_id) as seat
from {{ ref('int_pushes_users') }}
where campaign_id is not null and user_id is not null
group by campaign_id, user_id
