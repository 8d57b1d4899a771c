-- A target that is reached was so by D; one that is not will be after D, and only where the courier wins anybody.
select staff_id
from {{ ref('courier_targets') }}
where
    (consumer_users >= target and projected_day > {{ business_date() }})
    or (consumer_users >= target and projected_day is null and target > 0)
    or (consumer_users < target and projected_day <= {{ business_date() }})
    or (consumer_users < target and per_day_30d = 0 and projected_day is not null)
