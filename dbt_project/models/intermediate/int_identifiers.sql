-- Every identifier now carried by a row, numbered by when it was first seen; keys shared too widely have no number.
with carried as (
    select
        kind,
        identifier,
        count(distinct row_id) filter (where export = 'contacts') as contacts
    from {{ ref('int_identity_rows') }}
    group by kind, identifier
),

seen as (
    select kind, identifier, min(first_carried) as first_seen
    from {{ ref('int_identity_first_carried') }}
    group by kind, identifier
),

ranked as (
    select
        carried.kind,
        carried.identifier,
        carried.contacts,
        seen.first_seen,
        carried.kind not in ('phone', 'email', 'device_id')
        or carried.contacts <= {{ var('identity_key_max_contacts') }} as links,
        array_position(
            array['contact_id', 'unionid', 'external_userid', 'phone', 'email', 'device_id'], carried.kind
        ) as kind_rank
    from carried
    left join seen on carried.kind = seen.kind and carried.identifier = seen.identifier
),

final as (
    select
        kind,
        identifier,
        contacts,
        first_seen,
        links,
        case
            when links then (
                row_number() over (
                    partition by links order by first_seen, kind_rank, identifier
                )
            )::int
        end as node
    from ranked
)

select * from final
