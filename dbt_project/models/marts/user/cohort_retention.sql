with cohorts as (
    {{ cohorts_by_channel('month') }}
),

{{ cohort_figures('month', 'acquired_channel_code') }}
