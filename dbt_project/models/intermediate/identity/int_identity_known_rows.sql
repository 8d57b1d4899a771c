-- Rows that came and teach nothing of who is who: each identifier they carry was seen before, those that link belong
-- to one user already, and nothing was given up. Most rows of a night are such; the identity of their users stays.
-- A late delivery could move the day of a merge, and contacts count how widely a key is shared: those are never known.
-- All is compared with what the last night left. Empty where everything is built anew.
{% if builds_on_last_night() %}
with late as (
    select loads.load_id
    from {{ ref('int_new_loads') }} as loads
    inner join {{ source('meta', 'load_files') }} as files on loads.load_id = files.load_id
    inner join {{ source('meta', 'build_state') }} as state on files.business_date <= state.business_date
),

carried as (
    select
        carried.export, carried.row_id, carried.is_current,
        before.user_id,
        coalesce(stood.first_seen <= carried.first_carried, false) as is_seen,
        before.user_id is not null or not coalesce(stood.links, true) as is_placed
    from {{ ref('int_identity_carried') }} as carried
    inner join {{ ref('int_changed_rows') }} as rows
        on carried.export = rows.export and carried.row_id = rows.row_id
    left join {{ target.schema }}.int_identifiers as stood
        on carried.kind = stood.kind and carried.identifier = stood.identifier
    left join {{ target.schema }}.int_identity_components as before
        on carried.kind = before.kind and carried.identifier = before.identifier and before.what = 'node'
    where
        carried.export <> 'contacts'
        and (carried.export, carried.row_id)
        not in (select erased.export, erased.row_id from {{ ref('int_erasure_rows') }} as erased)
)

select export, row_id
from carried
where not exists (select from late)
group by export, row_id
having bool_and(is_current and is_seen and is_placed) and count(distinct user_id) <= 1
{% else %}
select export, row_id
from {{ ref('int_identity_carried') }}
where false
{% endif %}
