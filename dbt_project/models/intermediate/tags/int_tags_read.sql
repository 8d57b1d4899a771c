-- The tags as this night judged them.
-- depends_on: {{ ref('int_feature_days') }}
select tag_code, rule_sql, value_sql from {{ source('config', 'config_tags') }}
