{{ users_of_rows('contacts', ['contact_id']) }}
