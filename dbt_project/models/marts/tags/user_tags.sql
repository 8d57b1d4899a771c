select
    intervals.user_id,
    intervals.tag_code,
    intervals.value,
    intervals.score,
    intervals.valid_from as since,
    intervals.is_start_known as is_since_known
from {{ ref('int_user_tag_intervals') }} as intervals
where intervals.is_current
