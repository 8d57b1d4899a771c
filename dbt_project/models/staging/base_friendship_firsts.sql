-- The earliest added_at of all versions of a friendship: a deleted and renewed one counts from its first day.
{{ config(
    materialized='incremental', incremental_strategy='replace',
    replaced="contact_id in (select contact_id from " ~ target.schema ~ ".int_changed_rows where export = 'friendships')",
    indexes=[{'columns': ['contact_id']}, {'columns': ['staff_id', 'contact_id'], 'unique': true}]
) }}
with versions as (
    {{ raw_rows('friendships', ['staff_id', 'contact_id'], 'staff_id, contact_id, added_at') }}
    {% if builds_on_last_night() %}
    union all
    select staff_id, contact_id, first_added_at
    from {{ this }}
    where
        contact_id in (select contact_id from {{ ref('int_changed_rows') }} where export = 'friendships')
        and not ({{ in_erasure_rows('friendships', ['staff_id', 'contact_id']) }})
    {% endif %}
)

select staff_id, contact_id, min(added_at) as first_added_at
from versions
group by staff_id, contact_id
