select distinct contact_id
from {{ source('raw', 'erasure_requests') }}
where scope = 'erase' and _business_date <= {{ business_date() }}
