{{ newest_of_lists('contact_tags', began='added_at', ended='removed_at') }}
