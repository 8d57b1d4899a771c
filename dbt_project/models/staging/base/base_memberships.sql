{{ newest_versions('memberships') }}
