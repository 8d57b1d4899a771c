-- One row per user × day of int_feature_days with a counted line by then. Units are all that were bought; the rest
-- speaks of lines with a category.
with standing as (
    select
        bought.user_id, days.as_of, bought.category, bought.due_day, bought.amount_by_then, bought.units_by_then
    from {{ ref('int_user_category_days') }} as bought
    inner join {{ ref('int_feature_days') }} as days
        on days.as_of between bought.order_day and bought.holds_to
),

final as (
    select
        user_id, as_of,
        cast(count(category) as int) as categories,
        (array_agg(category order by amount_by_then desc, {{ by_bytes('category') }}) filter (where category is not null))[1]
            as favourite_category,
        {{ ratio(
            'max(amount_by_then) filter (where category is not null)',
            'sum(amount_by_then) filter (where category is not null)'
        ) }} as favourite_category_share,
        cast(sum(units_by_then) as bigint) as units,
        min(due_day) - as_of as days_to_replenishment,
        cast(count(*) filter (where due_day <= as_of) as int) as categories_due,
        (array_agg(category order by due_day, {{ by_bytes('category') }}) filter (where due_day is not null))[1]
            as next_due_category
    from standing
    group by user_id, as_of
)

select * from final
