-- One row per day on which features are taken: D, and the day from which `tag_value` looks ahead.
select {{ business_date() }} as as_of
union all
select {{ add_days(business_date(), -(var('tag_outcome_days') | int)) }} as as_of
