-- Campaigns whose draws or media are not those of the last night: all their control users are drawn again.
-- Empty where everything is built anew.
select coalesce(now.campaign_id, before.campaign_id) as campaign_id
from {{ ref('int_campaign_draws') }} as now
full outer join {{ ref('int_campaign_draws_before') }} as before
    on now.campaign_id = before.campaign_id and now.draw = before.draw
where
    {{ 'true' if builds_on_last_night() else 'false' }}
    and (now.index_day is distinct from before.index_day or now.media is distinct from before.media)
group by 1
