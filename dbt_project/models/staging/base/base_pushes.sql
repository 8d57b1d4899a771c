{{ newest_versions('pushes') }}
