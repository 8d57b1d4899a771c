select * from {{ source('scores', 'score_value_models') }}
