{{ newest_versions('events') }}
