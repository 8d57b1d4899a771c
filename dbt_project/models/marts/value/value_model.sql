{{ config(tags=['after_scores']) }}
with models as (
    select * from {{ ref('stg_score_value_models') }}
),

final as (
    select
        model, parameter, value, log_likelihood,
        {{ ratio('round(abs(holdout_predicted - holdout_actual)::numeric, 6)', 'round(holdout_actual::numeric, 6)') }}
        as holdout_error,
        round(holdout_predicted::numeric, 2) as holdout_predicted,
        round(holdout_actual::numeric, 2) as holdout_actual,
        users,
        nullif(note, '') as note
    from models
)

select * from final
