select user_id, tag_code, value, valid_from, valid_to, is_current, is_start_known
from {{ ref('int_user_tag_intervals') }}
