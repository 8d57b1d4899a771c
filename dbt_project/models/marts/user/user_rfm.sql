select user_id, recency_days, frequency, {{ money('monetary') }} as monetary, r, f, m, segment
from {{ ref('int_user_rfm') }}
where as_of = {{ business_date() }}
