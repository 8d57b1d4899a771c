-- One row per day on which features are taken: D, and the day from which `tag_value` looks ahead. The instants at which
-- the day ends and its windows begin are compared with facts, so that no fact's day need be worked out.
with days as (
    select {{ business_date() }} as as_of
    union all
    select {{ add_days(business_date(), -(var('tag_outcome_days') | int)) }} as as_of
),

final as (
    select
        as_of,
        {{ start_of_day(add_days('as_of', 1)) }} as ends_at,
        {%- for window in [7, 30, 90] %}
        {{ start_of_day(add_days('as_of', 1 - window)) }} as since_{{ window }}d{{ ',' if not loop.last }}
        {%- endfor %}
    from days
)

select * from final
