with lines as (

    select
        is_new,
        -- Quantity 0 takes a line out, whatever it was worth.
        quantity > 0 and line_amount > 1.01 * quantity * unit_price + 0.05 as is_above_price
    from {{ ref('recent_order_lines') }}

),

counted as (

    select
        count(*) filter (where is_new) as row_count,
        count(*) filter (where is_new and is_above_price) as rows_above_price,
        count(*) filter (where not is_new) as rows_before,
        {{ share(
            'count(*) filter (where not is_new and is_above_price) + 0.5', 'count(*) filter (where not is_new) + 1'
        ) }} as usual_above_share
    from lines

),

final as (

    select
        'order_lines' as export,
        row_count,
        rows_above_price,
        {{ share('rows_above_price', 'row_count') }} as above_share,
        usual_above_share,
        cast(least(row_count, rows_before / 4.0) as {{ type_double() }}) as sample,
        cast({{ deviation('rows_above_price', 'row_count * usual_above_share', '1 - usual_above_share') }}
            as {{ type_double() }}) as above_deviation
    from counted

)

select * from final
