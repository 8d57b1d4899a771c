{{ newest_versions('touches') }}
