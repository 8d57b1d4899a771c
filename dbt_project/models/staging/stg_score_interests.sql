select * from {{ source('scores', 'score_interests') }}
