-- One row per counted order of a user × product category that a line of it is of.
select distinct order_id, category, user_id, paid_at, order_day, order_seq
from {{ ref('int_counted_lines') }}
where user_id is not null and category is not null
