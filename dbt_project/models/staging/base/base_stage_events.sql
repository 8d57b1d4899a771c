{{ newest_versions('stage_events') }}
