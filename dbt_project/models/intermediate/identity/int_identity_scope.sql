-- Identifiers whose user this night may change, with the user they had: those that changed rows carry or carried, where
-- these teach anything, those that rows carry beside them (a key may come to link), and the rest of the users all these
-- belonged to.
-- Empty where everything is built anew. The users are read as the last night left them.
{% if builds_on_last_night() %}
with changed as (
    select carried.kind, carried.identifier
    from {{ ref('int_identity_carried') }} as carried
    inner join {{ ref('int_changed_rows') }} as rows
        on carried.export = rows.export and carried.row_id = rows.row_id
    where
        (carried.export, carried.row_id)
        not in (select known.export, known.row_id from {{ ref('int_identity_known_rows') }} as known)
    union
    select kind, identifier from {{ ref('int_erasure_links') }}
),

-- A key that too many contacts share links nobody: it leads nowhere.
counted as (
    select
        changed.kind, changed.identifier,
        count(*) filter (where carried.export = 'contacts' and carried.is_current) as contacts
    from changed
    inner join {{ ref('int_identity_carried') }} as carried
        on changed.kind = carried.kind and changed.identifier = carried.identifier
    group by changed.kind, changed.identifier
),

beside as (
    select distinct others.kind, others.identifier
    from counted
    inner join {{ ref('int_identity_carried') }} as carried
        on counted.kind = carried.kind and counted.identifier = carried.identifier and carried.is_current
    inner join {{ ref('int_identity_carried') }} as others
        on carried.export = others.export and carried.row_id = others.row_id and others.is_current
    where {{ links('counted') }}
),

met as (
    select kind, identifier from changed
    union
    select kind, identifier from beside
),

users_before as (
    select distinct before.user_id
    from met
    inner join {{ target.schema }}.int_identity_components as before
        on met.kind = before.kind and met.identifier = before.identifier and before.what = 'node'
),

final as (
    select before.kind, before.identifier, before.user_id as user_id_before
    from {{ target.schema }}.int_identity_components as before
    inner join users_before using (user_id)
    where before.what = 'node'
    union all
    select met.kind, met.identifier, null
    from met
    where not exists (
        select 1 from {{ target.schema }}.int_identity_components as before
        where before.kind = met.kind and before.identifier = met.identifier and before.what = 'node'
    )
)

select * from final
{% else %}
select kind, identifier, null::text as user_id_before
from {{ ref('int_identity_carried') }}
where false
{% endif %}
