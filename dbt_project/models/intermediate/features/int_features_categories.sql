-- One row per user × day of int_feature_days with a counted line by then. Units are all that were bought; the rest
-- speaks of lines with a category.
with standing as (
    select
        bought.user_id, days.as_of, bought.category, bought.due_day, bought.amount_by_then, bought.units_by_then,
        row_number() over (
            partition by bought.user_id, days.as_of
            order by
                case when bought.category is null then 1 else 0 end,
                bought.amount_by_then desc,
                {{ by_bytes('bought.category') }}
        ) as by_amount,
        row_number() over (
            partition by bought.user_id, days.as_of
            order by bought.due_day nulls last, {{ by_bytes('bought.category') }} nulls last
        ) as by_due_day
    from {{ ref('int_user_category_days') }} as bought
    inner join {{ ref('int_feature_days') }} as days
        on bought.order_day <= days.as_of and (bought.holds_to is null or bought.holds_to >= days.as_of)
),

final as (
    select
        user_id, as_of,
        cast(count(category) as int) as categories,
        max(case when by_amount = 1 then category end) as favourite_category,
        {{ quotient(
            'max(case when category is not null then amount_by_then end)',
            'sum(case when category is not null then amount_by_then end)'
        ) }} as favourite_category_share,
        cast(sum(units_by_then) as bigint) as units,
        {{ days_between('min(due_day)', 'as_of') }} as days_to_replenishment,
        cast(count(*) filter (where due_day <= as_of) as int) as categories_due,
        max(case when by_due_day = 1 and due_day is not null then category end) as next_due_category
    from standing
    group by user_id, as_of
)

select * from final
