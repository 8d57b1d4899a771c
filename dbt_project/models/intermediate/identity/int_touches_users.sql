-- Touches with their users, and whether the touch says who they are.
{{ users_of_rows('touches', [
    'touch_id', 'occurred_at', 'channel_code',
    'coalesce(carriers.contact_id, phone_hash, email_hash, unionid_hash) is not null as is_identified',
]) }}
