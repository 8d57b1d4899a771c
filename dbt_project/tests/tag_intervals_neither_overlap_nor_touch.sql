-- Intervals of one user, tag and value lie a day or more apart; of one user and tag they never overlap. Asked of
-- what this night changed.
with intervals as (
    select user_id, tag_code, value, valid_from, coalesce(valid_to, 'infinity') as valid_to
    from {{ ref('tag_history') }} as intervals
    where {{ retagged('intervals') }}
),

ordered as (
    select
        *,
        lag(valid_to) over (partition by user_id, tag_code, value order by valid_from) as same_value_to,
        lag(valid_to) over (partition by user_id, tag_code order by valid_from) as any_value_to
    from intervals
)

select user_id, tag_code, value, valid_from, valid_to
from ordered
where valid_from > valid_to or valid_from <= any_value_to or valid_from <= same_value_to + 1
