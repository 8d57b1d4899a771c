select
    model, parameter, value, log_likelihood,
    {{ ratio(
        'cast(abs(holdout_predicted - holdout_actual) as decimal(24, 6))', 'cast(holdout_actual as decimal(24, 6))'
    ) }} as holdout_error,
    cast(holdout_predicted as decimal(18, 2)) as holdout_predicted,
    cast(holdout_actual as decimal(18, 2)) as holdout_actual,
    users,
    nullif(note, '') as note
from {{ ref('stg_score_value_models') }}
