-- Since when the rates of all currencies stand still, against the longest time that any of them did before.
with rates as (

    {{ newest_by(
        source('raw', 'fx_rates'), ['rate_date', 'currency'], ['rate_date', 'currency', 'rate'],
        '_business_date desc, _line desc, _load_id desc',
        '_business_date <= ' ~ business_date() ~ ' and rate_date > ' ~ days_back(90)
    ) }}

),

steps as (

    select
        currency,
        rate_date,
        rate <> lag(rate) over (partition by currency order by rate_date asc nulls last) as has_changed
    from rates

),

changes as (

    select
        currency,
        rate_date,
        {{ days_between(
            'rate_date', 'lag(rate_date) over (partition by currency order by rate_date asc nulls last)'
        ) }} as gap
    from steps
    where has_changed

),

currencies as (

    select currency, max(rate_date) as last_change, max(gap) as longest_gap, count(*) as changes
    from changes
    group by currency
    having count(*) >= 10

),

newest as (

    select max(rate_date) as newest_date from rates

),

final as (

    select
        'fx_rates' as export,
        count(*) as currencies,
        cast(coalesce(min({{ days_between('newest.newest_date', 'currencies.last_change') }}), 0) as bigint) as days_still,
        cast(coalesce(max(currencies.longest_gap), 0) as bigint) as longest_before,
        cast(coalesce(
            case
                when min({{ days_between('newest.newest_date', 'currencies.last_change') }})
                    > 2 * max(currencies.longest_gap)
                    then min({{ days_between('newest.newest_date', 'currencies.last_change') }})
            end, 0
        ) as bigint) as days_beyond_usual
    from currencies
    cross join newest

)

select * from final
