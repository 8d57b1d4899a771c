-- Refunds of sources that give a running total alone. Its versions are compared by folder date: each increase is a
-- refund; a decrease lowers the newest ones first, so of an increase stands what no later total falls below.
{% set earlier_first = 'partition by refund_id order by _business_date' %}
with totals as (
    {{ newest_by(
        source('raw', 'refunds'), ['refund_id', '_business_date'],
        ['refund_id', 'order_id', 'line_no', 'reason', 'running_total', 'updated_at', '_load_id', '_line',
         '_business_date', '_source'],
        newest_first(), 'running_total is not null and _business_date <= ' ~ business_date()
    ) }}
),

compared as (
    select
        *,
        coalesce(lag(running_total) over ({{ earlier_first }}), 0) as total_before,
        min(running_total) over (
            {{ earlier_first }} rows between current row and unbounded following
        ) as least_total_since
    from totals
),

increases as (
    select
        *,
        row_number() over ({{ earlier_first }}) as n,
        greatest(least_total_since - total_before, 0) as amount
    from compared
    where running_total > total_before
),

stored_orders as (
    select
        order_id, _source, _business_date,
        max(updated_at) as latest_at,
        min(_business_date) over (partition by order_id) as first_date
    from {{ source('raw', 'orders') }}
    where _business_date <= {{ business_date() }} and order_id in (select order_id from increases)
    group by order_id, _source, _business_date
),

final as (
    select
        increases.refund_id || '-refund-' || cast(increases.n as {{ dbt.type_string() }}) as refund_id,
        increases.order_id,
        increases.line_no,
        increases.amount,
        -- What the first stored row of the order holds already is of no known day: the order's own instant stands.
        coalesce(
            case when same_day.first_date = increases._business_date then same_day.latest_at end,
            {{ last_second_of_day('increases._business_date') }}
        ) as refunded_at,
        increases.reason,
        day_before.order_id is null as is_date_estimated,
        increases.updated_at, increases._load_id, increases._line, increases._business_date, increases._source
    from increases
    left join stored_orders as same_day
        on
            increases.order_id = same_day.order_id
            and increases._source = same_day._source
            and increases._business_date = same_day._business_date
    left join stored_orders as day_before
        on
            increases.order_id = day_before.order_id
            and increases._source = day_before._source
            and {{ add_days('increases._business_date', -1) }} = day_before._business_date
    where increases.amount > 0
)

select * from final
