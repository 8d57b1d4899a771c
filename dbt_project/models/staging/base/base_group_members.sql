{{ newest_of_lists('group_members', began='joined_at', ended='left_at') }}
