-- One row per row of ad_stats that the figures of channels and campaigns add up: those of a campaign's day at its
-- coarsest level.
{{ config(materialized='view') }}
select
    stat_date, stat_month, source, channel_code, campaign_id, impressions, clicks, cost, platform_conversions,
    platform_conversion_value
from {{ ref('int_ad_reports') }}
where is_coarsest
