{{ users_of_rows('events', 'event_id') }}
