{{ newest_versions('ad_stats') }}
