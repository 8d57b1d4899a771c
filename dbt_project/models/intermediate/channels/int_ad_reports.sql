-- One row per row of ad_stats by D, its money in the business currency at the latest rate on or before stat_date,
-- rounded to two places a row. A missing rate leaves the cost null, which a critical test refuses.
{%- set levels = ['campaign', 'ad_group', 'ad', 'keyword'] %}
with stats as (
    select
        *,
        coalesce(currency, {{ business_currency() }}) as cost_currency,
        case level
            {%- for level in levels %}
            when '{{ level }}' then {{ loop.index }}
            {%- endfor %}
        end as depth
    from {{ ref('stg_ad_stats') }}
    where stat_date <= {{ business_date() }}
),

rates as (
    {{ rate_spans() }}
),

final as (
    select
        stats.stat_date,
        {{ month_of('stats.stat_date') }} as stat_month,
        stats.source,
        stats.channel_code,
        stats.campaign_id,
        stats.level,
        -- A platform reports one cost at several levels: of a campaign's day the coarsest says it, and levels never add.
        stats.depth = min(stats.depth) over (
            partition by stats.stat_date, stats.channel_code, stats.campaign_id
        ) as is_coarsest,
        stats.keyword,
        cast(coalesce(stats.impressions, 0) as bigint) as impressions,
        cast(coalesce(stats.clicks, 0) as bigint) as clicks,
        {{ in_business_currency('stats.cost', 'stats.cost_currency', 'rates.rate') }} as cost,
        stats.platform_conversions,
        {{ in_business_currency(
            'stats.platform_conversion_value', 'stats.cost_currency', 'rates.rate'
        ) }} as platform_conversion_value
    from stats
    left join rates
        on
            {{ rate_holds('rates', 'stats.cost_currency', 'stats.stat_date') }}
)

select * from final
