-- Lines of no known cost are summed apart: they cost the default share of their amount.
select
    order_id,
    coalesce(sum(known_cost), 0) as known_cost,
    coalesce(sum(line_amount) filter (where known_cost is null), 0) as uncosted_amount
from {{ ref('int_order_lines') }}
group by order_id
