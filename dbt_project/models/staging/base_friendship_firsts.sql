-- The earliest added_at of all versions of a friendship: a deleted and renewed one counts from its first day.
{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key=['staff_id', 'contact_id'],
    indexes=[{'columns': ['contact_id']}, {'columns': ['staff_id', 'contact_id'], 'unique': true}]
) }}
with versions as (
    select staff_id, contact_id, added_at
    from {{ source('raw', 'friendships') }}
    where {{ in_new_loads() if builds_on_last_night() else '_business_date <= ' ~ business_date() }}
    {% if builds_on_last_night() %}
    union all
    select staff_id, contact_id, first_added_at
    from {{ this }}
    {% endif %}
)

select staff_id, contact_id, min(added_at) as first_added_at
from versions
group by staff_id, contact_id
