-- One row per contact × medium × interval of days at whose end the contact could be reached by the medium:
-- the history behind int_users_reachability. The first version known is taken to hold for all time before it.
{% set media = reach_media() %}
with contacts as (

    select users.user_id, versions.*
    from {{ ref('stg_contact_versions') }} as versions
    inner join {{ ref('map_contact_user') }} as users on versions.contact_id = users.contact_id

),

changes as (

    select
        contacts.user_id,
        contacts.contact_id,
        media.medium,
        contacts.updated_at as changed_at,
        1 as precedence,
        media.is_reachable,
        {{ local_day('contacts.deleted_at') }} as deleted_day
    from contacts
    cross join lateral (
        values
        {%- for medium, (consent, identifier) in media.items() %}
        ('{{ medium }}', {{ identifier }} and coalesce(contacts.{{ consent }}, false)){{ ',' if not loop.last }}
        {%- endfor %}
    ) as media (medium, is_reachable)
    union all
    -- The person unsubscribes, by whichever contact. A version of the same instant stands: only a later one ends it.
    select own.user_id, own.contact_id, {{ reach_medium('pushes.medium') }}, pushes.unsubscribed_at, 0, false, null
    from {{ ref('stg_pushes') }} as pushes
    inner join {{ ref('map_contact_user') }} as users on pushes.contact_id = users.contact_id
    inner join {{ ref('map_contact_user') }} as own on users.user_id = own.user_id
    where pushes.unsubscribed_at is not null

),

days as (

    select distinct on (contact_id, medium, {{ local_day('changed_at') }})
        user_id,
        contact_id,
        medium,
        {{ local_day('changed_at') }} as day,
        is_reachable,
        deleted_day
    from changes
    order by contact_id, medium, {{ local_day('changed_at') }}, changed_at desc, precedence desc

),

spans as (

    select
        *,
        lag(day) over by_day is null as is_first,
        lead(day) over by_day as next_day
    from days
    window by_day as (partition by contact_id, medium order by day)

),

restricted as (

    select
        users.user_id,
        min({{ local_day('requests.requested_at') }}) as restricted_day
    from {{ ref('stg_erasure_requests') }} as requests
    inner join {{ ref('map_contact_user') }} as users on requests.contact_id = users.contact_id
    where requests.scope = 'restrict'
    group by users.user_id

),

final as (

    select
        spans.user_id,
        spans.contact_id,
        spans.medium,
        case when spans.is_first then cast('0001-01-01' as date) else spans.day end as reachable_from,
        -- least() passes over nulls: an end that never came.
        coalesce(
            least(spans.next_day, spans.deleted_day, restricted.restricted_day) - 1, cast('9999-12-31' as date)
        ) as reachable_to
    from spans
    left join restricted on spans.user_id = restricted.user_id
    where spans.is_reachable

)

select * from final
where reachable_from <= reachable_to
