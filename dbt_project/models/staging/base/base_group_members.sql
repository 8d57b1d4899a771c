{{ newest_versions('group_members') }}
