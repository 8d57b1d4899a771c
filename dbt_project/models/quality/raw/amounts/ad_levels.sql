{% set keyword = ['channel_code', 'campaign_id', 'level', 'ad_group_id', 'ad_id', 'keyword'] %}
with recent as (

    {{ newest_by(
        source('raw', 'ad_stats'), ['stat_date'] + keyword,
        ['stat_date'] + keyword + ['impressions', 'clicks', 'cost', '_business_date'], newest_first(),
        '_business_date <= ' ~ business_date() ~ ' and (_business_date > ' ~ unpublished_since()
        ~ ' or stat_date >= ' ~ days_back(35) ~ ')'
    ) }}

),

rows_known as (

    select
        *,
        _business_date > {{ unpublished_since() }} as is_new,
        _business_date <= {{ unpublished_since() }}
            and stat_date >= {{ level_begins(['click_prices', 'click_prices_unusual'], 'ad_stats') }} as is_usual,
        stat_date >= {{ level_begins(['ad_rows_missing'], 'ad_stats') }} as is_expected
    from recent

),

new_rows as (

    select count(*) as row_count, count(*) filter (where clicks > impressions) as rows_above
    from rows_known
    where is_new and impressions is not null

),

-- Each keyword against its own past, so that another mix of keywords moves nothing.
keywords as (

    select
        {{ keyword | join(', ') }},
        cast(sum(cost) filter (where is_new) as {{ type_double() }})
            / nullif(sum(clicks) filter (where is_new), 0) as price,
        cast(sum(cost) filter (where is_usual) as {{ type_double() }})
            / nullif(sum(clicks) filter (where is_usual), 0) as usual_price,
        {{ share('sum(clicks) filter (where is_new)', 'sum(impressions) filter (where is_new)') }} as rate,
        {{ share('sum(clicks) filter (where is_usual)', 'sum(impressions) filter (where is_usual)') }} as usual_rate,
        count(distinct case when is_usual then stat_date end) as days_before,
        sum(clicks) filter (where is_new) as clicks,
        count(distinct case
            when is_expected and stat_date between {{ days_back(7) }} and {{ days_back(1) }} then stat_date
        end) >= 6 as is_daily,
        max(case when stat_date = {{ business_date() }} then 1 else 0 end) as is_reported
    from rows_known
    group by {{ keyword | join(', ') }}

),

levels as (

    select
        count(*) as keywords,
        {{ median('price / usual_price') }} as price_ratio,
        {{ median('rate / nullif(usual_rate, 0)') }} as rate_ratio
    from keywords
    where days_before >= 7 and clicks >= 20 and price is not null and usual_price > 0

),

coverage as (

    select
        -- Without any row of the day its report is late, not part of it.
        case when max(is_reported) = 1 then count(*) filter (where is_daily) else 0 end as daily_keywords,
        count(*) filter (where is_daily and is_reported = 0) as keywords_missing
    from keywords

),

final as (

    select
        'ad_stats' as export,
        new_rows.row_count,
        new_rows.rows_above,
        {{ share('new_rows.rows_above', 'new_rows.row_count') }} as above_share,
        {{ share_of_many('new_rows.rows_above', 'new_rows.row_count') }} as above_share_of_many,
        levels.keywords,
        cast(coalesce(levels.price_ratio, 1) as {{ type_double() }}) as price_ratio,
        cast(coalesce(levels.rate_ratio, 1) as {{ type_double() }}) as rate_ratio,
        coalesce(coverage.daily_keywords, 0) as daily_keywords,
        coverage.keywords_missing,
        {{ share('coverage.keywords_missing', 'coverage.daily_keywords') }} as missing_share
    from new_rows
    cross join levels
    cross join coverage

)

select * from final
