{{ newest_versions('friendships') }}
