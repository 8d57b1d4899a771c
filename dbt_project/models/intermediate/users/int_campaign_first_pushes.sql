-- One row per campaign × user it pushed, with the day of the first push.
{{ config(indexes=[{'columns': ['campaign_id', 'user_id'], 'unique': true}, {'columns': ['user_id']}]) }}
select
    campaign_id,
    user_id,
    min(sent_day) as first_day
from {{ ref('int_pushes_users') }}
where campaign_id is not null and user_id is not null and {{ touched() }}
group by campaign_id, user_id
