-- Events with their users.
{{ users_of_rows('events', ['event_id', 'occurred_at', 'event_type']) }}
