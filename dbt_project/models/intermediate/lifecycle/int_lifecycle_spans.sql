-- The timeline as far as D: the interval that holds D ends there.
{{ config(materialized='view') }}
select
    user_id,
    stage,
    valid_from,
    least(valid_to, {{ business_date() }}) as valid_to
from {{ ref('int_lifecycle_timeline') }}
where valid_from <= {{ business_date() }}
