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

    select currency, max(rate_date) as last_change, max(gap) as longest_gap
    from changes
    group by currency
    having count(*) >= 10

),

pauses as (

    select
        count(*) as currencies,
        coalesce(max(longest_gap), 0) as longest_before,
        coalesce({{ days_between('(select max(rate_date) from rates)', 'max(last_change)') }}, 0) as days_still
    from currencies

),

final as (

    select
        'fx_rates' as export,
        currencies,
        days_still,
        longest_before,
        case when days_still > 2 * longest_before then days_still else 0 end as days_beyond_usual
    from pauses

)

select * from final
