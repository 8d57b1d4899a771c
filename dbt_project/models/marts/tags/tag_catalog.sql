select
    tag_code, tag_name, tag_name_zh, category, category_zh, scenario, owner, decision, rule, rule_words,
    value_rule, score_rule, validity_days, features
from {{ source('config', 'config_tags') }}
