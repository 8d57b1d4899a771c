-- One row per user × tag × value × interval, of what this night retags alone. States are known on checkpoints
-- (month-ends and D); what holds on one holds since the day after the one before it, but never before the user was
-- acquired. A run of checkpoints is one interval; one that holds D is open, and has no last day.
{{ config(materialized='view') }}
select
    masks.user_id, masks.tag_code, masks.value,
    greatest(runs.holds_from, masks.acquired_day) as valid_from,
    nullif(runs.valid_to, {{ business_date() }}) as valid_to,
    runs.valid_to = {{ business_date() }} as is_current,
    not runs.is_from_first or masks.acquired_day >= runs.holds_from as is_start_known,
    case when runs.valid_to = {{ business_date() }} then masks.score end as score
from {{ ref('int_user_tag_masks') }} as masks
inner join {{ ref('int_tag_mask_runs') }} as runs on masks.mask = runs.mask
