-- The channels as this night's features were taken with.
-- depends_on: {{ ref('int_restated_users') }}
select channel_code, domain, is_paid from {{ ref('stg_channels') }}
