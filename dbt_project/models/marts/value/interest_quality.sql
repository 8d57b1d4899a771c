select method, users, hits, {{ ratio('hits', 'users') }} as hit_rate
from {{ ref('stg_score_interest_quality') }}
