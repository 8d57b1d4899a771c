with final as (
    {{ day_spine("date '2010-01-01'", business_date()) }}
)

select day from final
