with keywords as (

    select
        stat_month as month,
        keyword,
        cast(sum(clicks) as bigint) as clicks,
        sum(cost) as cost,
        {{ ratio('sum(cost)', 'sum(clicks)') }} as cpc
    from {{ ref('int_ad_costs') }}
    where keyword <> ''
    group by stat_month, keyword

)

select
    keywords.month,
    keywords.keyword,
    keywords.clicks,
    keywords.cost,
    keywords.cpc,
    {{ ratio('keywords.cpc - before.cpc', 'before.cpc') }} as cpc_change
from keywords
left join keywords as before
    on
        keywords.keyword = before.keyword
        and keywords.month = cast(before.month + interval '1 month' as date)
