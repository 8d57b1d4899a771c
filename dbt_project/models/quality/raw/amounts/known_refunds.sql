with newest as (

    {{ newest_by(
        source('raw', 'refunds'), ['refund_id'],
        ['refund_id', 'order_id', 'amount', 'running_total', 'refunded_at', '_business_date'], newest_first(),
        '_business_date <= ' ~ business_date()
    ) }}

),

-- A running total stands as one refund, of the day on which it came last.
final as (

    select
        refund_id,
        order_id,
        coalesce(amount, running_total) as amount,
        coalesce(refunded_at, {{ last_second_of_day('_business_date') }}) as refunded_at,
        _business_date
    from newest

)

select * from final
