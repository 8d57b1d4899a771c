select * from {{ ref('base_ad_stats') }}
