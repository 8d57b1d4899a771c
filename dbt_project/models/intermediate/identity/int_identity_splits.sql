-- Users that were one until a key linked no more: it came to be shared by too many contacts, or a contact gave it up.
-- The part with the earliest-seen identifier kept the id; each other part is a row.
with carriers as (
    select
        carried.kind, carried.identifier, carried.first_carried,
        row_number() over (
            partition by carried.kind, carried.identifier order by carried.first_carried, carried.row_id
        ) as place
    from {{ ref('int_identity_carried') }} as carried
    inner join {{ ref('int_identifiers') }} as identifiers
        on carried.kind = identifiers.kind and carried.identifier = identifiers.identifier and not identifiers.links
    where carried.export = 'contacts' and carried.is_current
),

crossed as (
    select kind, identifier, first_carried as day
    from carriers
    where place = {{ var('identity_key_max_contacts') }} + 1
),

too_wide as (
    -- All rows that carry the key were held together by it, orders, touches and events too.
    select crossed.kind || ':' || crossed.identifier as cause, components.user_id, crossed.day
    from crossed
    inner join {{ ref('int_identity_carried') }} as held
        on
            crossed.kind = held.kind and crossed.identifier = held.identifier
            and held.is_current and crossed.day > held.first_carried
    inner join {{ ref('int_identity_carried') }} as other
        on held.export = other.export and held.row_id = other.row_id and other.is_current
    inner join {{ ref('int_identity_components') }} as components
        on other.kind = components.kind and other.identifier = components.identifier and components.what = 'node'
),

given_up as (
    select carried.row_id as contact_id, carried.kind, carried.identifier, components.user_id
    from {{ ref('int_identity_carried') }} as carried
    inner join {{ ref('int_identity_components') }} as components
        on carried.kind = components.kind and carried.identifier = components.identifier and components.what = 'node'
    where carried.export = 'contacts' and not carried.is_current
),

changed_hands as (
    select
        given_up.contact_id || ':' || given_up.kind || ':' || given_up.identifier as cause,
        sides.user_id, contacts._business_date as day
    from given_up
    inner join {{ ref('map_contact_user') }} as users on given_up.contact_id = users.contact_id
    inner join {{ ref('stg_contacts') }} as contacts on given_up.contact_id = contacts.contact_id
    cross join lateral (values (given_up.user_id), (users.user_id)) as sides (user_id)
    where given_up.user_id <> users.user_id
),

parts as (
    select * from too_wide
    union
    select * from changed_hands
),

oldest as (
    select distinct on (components.user_id)
        components.user_id, identifiers.first_seen, identifiers.kind, identifiers.seed
    from {{ ref('int_identity_components') }} as components
    inner join {{ ref('int_identifiers') }} as identifiers
        on components.kind = identifiers.kind and components.identifier = identifiers.identifier
    where components.what = 'node' and components.user_id in (select parts.user_id from parts)
    order by components.user_id, {{ earliest_seen_first('identifiers') }}
),

aged as (
    select oldest.user_id, row_number() over (order by {{ earliest_seen_first('oldest') }}) as place from oldest
),

ranked as (
    select parts.user_id, parts.day, aged.place, min(aged.place) over (partition by parts.cause) as kept_place
    from parts
    inner join aged on parts.user_id = aged.user_id
),

left_behind as (
    select user_id, kept_place, min(day) as day
    from ranked
    where place > kept_place
    group by user_id, kept_place
),

final as (
    -- A part that several keys had held to several others is one row a day: it left the one whose id is the oldest.
    select distinct on (left_behind.user_id, left_behind.day)
        left_behind.user_id as split_id, kept.user_id, left_behind.day as business_date
    from left_behind
    inner join aged as kept on left_behind.kept_place = kept.place
    order by left_behind.user_id, left_behind.day, left_behind.kept_place
)

select * from final
