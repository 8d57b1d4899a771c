select * from {{ source('scores', 'score_interest_quality') }}
