-- The draws of campaigns as the last night left them, kept while this night makes its own; empty where all is built
-- anew.
{% if builds_on_last_night() %}
select campaign_id, draw, index_day, media
from {{ target.schema }}.int_campaign_draws
{% else %}
select null::text as campaign_id, null::bigint as draw, null::date as index_day, null::text as media
where false
{% endif %}
