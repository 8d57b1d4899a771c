-- One row per row of ad_stats by D, its cost in the business currency at the latest rate on or before stat_date,
-- rounded to two places a row. A missing rate leaves the cost null, which a critical test refuses.
with stats as (
    select *, coalesce(currency, {{ business_currency() }}) as cost_currency
    from {{ ref('stg_ad_stats') }}
    where stat_date <= {{ business_date() }}
),

rates as (
    select
        currency, rate, rate_date,
        lead(rate_date) over (partition by currency order by rate_date) as next_rate_date
    from {{ ref('stg_fx_rates') }}
),

final as (
    select
        stats.stat_date,
        {{ month_of('stats.stat_date') }} as stat_month,
        stats.channel_code,
        stats.campaign_id,
        stats.keyword,
        cast(coalesce(stats.impressions, 0) as bigint) as impressions,
        cast(coalesce(stats.clicks, 0) as bigint) as clicks,
        {{ in_business_currency('stats.cost', 'stats.cost_currency', 'rates.rate') }} as cost
    from stats
    left join rates
        on
            stats.cost_currency = rates.currency
            and stats.stat_date >= rates.rate_date
            and (stats.stat_date < rates.next_rate_date or rates.next_rate_date is null)
)

select * from final
