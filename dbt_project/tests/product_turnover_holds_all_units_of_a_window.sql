-- Over all products, the units of a window are those of all lines of counted orders on its days.
with lines as (

    select order_day, sum(quantity) as units
    from {{ ref('int_counted_lines') }}
    group by order_day

),

expected as (

    select windows.campaign_id, windows.period, coalesce(sum(lines.units), 0) as units
    from {{ ref('int_campaign_windows') }} as windows
    left join lines on lines.order_day between windows.first_day and windows.last_day
    where windows.is_known
    group by windows.campaign_id, windows.period

),

found as (

    select
        campaign_id,
        sum(units_before) as before,
        sum(units_during) as during,
        sum(units_after) as after
    from {{ ref('product_turnover') }}
    group by campaign_id

)

select expected.campaign_id, expected.period, expected.units
from expected
left join found on expected.campaign_id = found.campaign_id
where
    expected.units <> coalesce(
        case expected.period
            when 'before' then found.before
            when 'during' then found.during
            else found.after
        end, 0
    )
