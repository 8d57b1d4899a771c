-- One row per user × medium × address × interval of days at whose end the address could be written to: the history
-- behind int_users_reachability. An address's first statement is taken to hold for all time before it. A contact since
-- deleted speaks for itself, until the day it was deleted.
with addresses as (
    select
        user_id, contact_id, medium, kind, address, deleted_day,
        case when deleted_day is null then address else contact_id || ':' || address end as speaker
    from {{ ref('int_contact_addresses') }}
),

stated as (
    select
        addresses.medium, addresses.kind, addresses.speaker, statements.is_yes,
        {{ local_day('statements.stated_at') }} as day,
        row_number() over (
            partition by
                addresses.medium, addresses.kind, addresses.speaker, {{ local_day('statements.stated_at') }}
            order by statements.stated_at desc, statements.is_yes
        ) as newest_first
    from addresses
    inner join {{ ref('int_consent_statements') }} as statements
        on addresses.contact_id = statements.contact_id and addresses.medium = statements.medium
),

spans as (
    select
        medium, kind, speaker, is_yes, day,
        lag(day) over (partition by medium, kind, speaker order by day) is null as is_first,
        lead(day) over (partition by medium, kind, speaker order by day) as next_day
    from stated
    where newest_first = 1
),

restricted as (
    select users.user_id, min({{ local_day('requests.requested_at') }}) as restricted_day
    from {{ ref('stg_erasure_requests') }} as requests
    inner join {{ ref('map_contact_user') }} as users on requests.contact_id = users.contact_id
    where requests.scope = 'restrict'
    group by users.user_id
),

final as (
    select distinct
        addresses.user_id,
        addresses.medium,
        addresses.kind,
        addresses.address,
        case when spans.is_first then cast('0001-01-01' as date) else spans.day end as reachable_from,
        -- least() passes over nulls: an end that never came.
        coalesce(
            {{ add_days('least(spans.next_day, addresses.deleted_day, restricted.restricted_day)', -1) }},
            cast('9999-12-31' as date)
        ) as reachable_to
    from addresses
    inner join spans
        on
            addresses.medium = spans.medium and addresses.kind = spans.kind
            and addresses.speaker = spans.speaker and spans.is_yes
    left join restricted on addresses.user_id = restricted.user_id
)

select * from final
where reachable_from <= reachable_to
