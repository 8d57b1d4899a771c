{{ config(materialized='view') }}
select
    user_id,
    stage,
    valid_from,
    valid_to,
    valid_to = {{ business_date() }} as is_current
from {{ ref('int_lifecycle_spans') }}
