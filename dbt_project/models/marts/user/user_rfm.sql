select user_id, recency_days, frequency, monetary, r, f, m, segment
from {{ ref('int_user_rfm') }}
where as_of = {{ business_date() }}
