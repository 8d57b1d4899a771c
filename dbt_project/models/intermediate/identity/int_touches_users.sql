{{ users_of_rows('touches', 'touch_id') }}
