{{ newest_versions('points') }}
