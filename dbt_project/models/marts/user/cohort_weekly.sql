with cohorts as (
    {{ cohorts_by_channel('week') }}
),

{{ cohort_figures('week', 'acquired_channel_code', at_most=var('cohort_weeks')) }}
