-- Users one contact of whom asked for restriction: it holds for the whole user.
select distinct users.user_id
from {{ ref('stg_erasure_requests') }} as requests
inner join {{ ref('map_contact_user') }} as users on requests.contact_id = users.contact_id
where requests.scope = 'restrict'
