with models as (
    select * from {{ ref('stg_score_value_models') }}
),

final as (
    select
        model, parameter, value, log_likelihood,
        {{ ratio('round(cast(abs(holdout_predicted - holdout_actual) as numeric), 6)', 'round(cast(holdout_actual as numeric), 6)') }}
        as holdout_error,
        round(cast(holdout_predicted as numeric), 2) as holdout_predicted,
        round(cast(holdout_actual as numeric), 2) as holdout_actual,
        users,
        nullif(note, '') as note
    from models
)

select * from final
