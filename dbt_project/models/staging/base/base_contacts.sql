{{ newest_versions('contacts') }}
