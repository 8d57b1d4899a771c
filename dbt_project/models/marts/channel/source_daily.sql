-- Each figure by itself, stacked, then a row a day and source.
with orders as (
    select counted.order_day, orders.source, counted.net
    from {{ ref('int_orders_counted') }} as counted
    inner join {{ ref('stg_orders') }} as orders on counted.order_id = orders.order_id
),

-- A contact without registration is new on the date of the first folder that named it.
first_folders as (
    select contact_id, min(_business_date) as first_day
    from {{ source('raw', 'contacts') }}
    where _business_date <= {{ business_date() }}
    group by contact_id
),

contacts as (
    select
        contacts.source,
        coalesce({{ local_day('contacts.registered_at') }}, first_folders.first_day) as new_day
    from {{ ref('stg_contacts') }} as contacts
    inner join first_folders on contacts.contact_id = first_folders.contact_id
),

stacked as (
    {%- for figure, day, amount, rows in [
        ('orders', 'order_day', 'count(*)', 'orders'),
        ('net', 'order_day', 'sum(net)', 'orders'),
        ('refunds_amount', 'refund_day', 'sum(amount)', ref('int_refunds_priced')),
        ('new_contacts', 'new_day', 'count(*)', 'contacts'),
        ('cost', 'stat_date', 'sum(cost)', ref('int_ad_costs')),
    ] %}
    select '{{ figure }}' as figure, {{ day }} as day, source, {{ money(amount) }} as amount
    from {{ rows }}
    group by {{ day }}, source
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        day,
        source,
        {%- for figure in ['orders', 'net', 'refunds_amount', 'new_contacts', 'cost'] %}
        cast(
            coalesce(sum(amount) filter (where figure = '{{ figure }}'), 0)
            as {{ 'bigint' if figure in ['orders', 'new_contacts'] else 'decimal(18, 2)' }}
        ) as {{ figure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from stacked
    where day <= {{ business_date() }} and amount <> 0
    group by day, source
)

select * from final
