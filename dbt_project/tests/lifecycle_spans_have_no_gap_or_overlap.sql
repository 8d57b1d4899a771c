-- Every acquired user is covered from the acquired day to D: each span starts the day after the one before.
with spans as (
    select
        user_id,
        valid_from,
        valid_to,
        lag(valid_to) over (partition by user_id order by valid_from) as valid_to_before,
        lead(valid_from) over (partition by user_id order by valid_from) as valid_from_after
    from {{ ref('lifecycle_history') }}
)

select
    users.user_id,
    spans.valid_from,
    spans.valid_to
from {{ ref('int_users_acquired') }} as users
left join spans on users.user_id = spans.user_id
where
    users.acquired_day <= {{ business_date() }}
    and (
        spans.user_id is null
        or spans.valid_from > spans.valid_to
        or spans.valid_from <> coalesce({{ add_days('spans.valid_to_before', 1) }}, users.acquired_day)
        or (spans.valid_from_after is null and spans.valid_to <> {{ business_date() }})
    )
