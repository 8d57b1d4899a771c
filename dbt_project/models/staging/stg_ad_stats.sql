select *, _source as source from {{ ref('base_ad_stats') }}
