with keywords as (
    select
        stat_month as month,
        keyword,
        cast(sum(clicks) as bigint) as clicks,
        {{ money('sum(cost)') }} as cost
    from {{ ref('int_ad_reports') }}
    where level = 'keyword' and keyword <> ''
    group by stat_month, keyword
),

final as (
    select
        keywords.month,
        keywords.keyword,
        keywords.clicks,
        keywords.cost,
        {{ ratio('keywords.cost', 'keywords.clicks') }} as cpc,
        {{ ratio(
            'keywords.cost * nullif(before.clicks, 0) - before.cost * keywords.clicks', 'before.cost * keywords.clicks'
        ) }} as cpc_change
    from keywords
    left join keywords as before
        on keywords.keyword = before.keyword and keywords.month = {{ add_months('before.month', 1) }}
)

select * from final
