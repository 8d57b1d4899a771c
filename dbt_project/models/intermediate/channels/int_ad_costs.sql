-- One row per row of ad_stats by D, its cost in the business currency at the latest rate on or before stat_date,
-- rounded to two places a row. A missing rate leaves the cost null, which a critical test refuses.
with stats as (

    select * from {{ ref('stg_ad_stats') }}
    where stat_date <= {{ business_date() }}

),

rates as (

    select
        pairs.currency,
        pairs.stat_date,
        latest.rate
    from (
        select distinct currency, stat_date from stats where currency <> {{ business_currency() }}
    ) as pairs
    left join lateral (
        select fx.rate
        from {{ ref('stg_fx_rates') }} as fx
        where fx.currency = pairs.currency and fx.rate_date <= pairs.stat_date
        order by fx.rate_date desc
        limit 1
    ) as latest on true

)

select
    stats.stat_date,
    cast(date_trunc('month', stats.stat_date) as date) as stat_month,
    stats.channel_code,
    stats.campaign_id,
    stats.keyword,
    cast(coalesce(stats.impressions, 0) as bigint) as impressions,
    cast(coalesce(stats.clicks, 0) as bigint) as clicks,
    {{ in_business_currency(
        'cast(stats.cost as numeric)', "coalesce(stats.currency, '" ~ var('currency') ~ "')", 'rates.rate'
    ) }} as cost
from stats
left join rates on stats.currency = rates.currency and stats.stat_date = rates.stat_date
