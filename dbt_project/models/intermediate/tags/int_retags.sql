-- What this night changes in int_user_tag_masks, read as the last night left it: one row per user × tag × value whose
-- row is other now, or gone (without a mask). Of users whom nothing restated the settled checkpoints stay as they
-- stood; the last number is always D's, so that a month moves a bit down. Empty where everything is built anew.
{% set stood = target.schema ~ '.int_user_tag_masks' %}
{% if builds_on_last_night() %}
with judged as materialized (
    select * from {{ ref('int_judged_tag_masks') }}
),

asked as (
    select user_id from judged
    union
    select user_id from {{ ref('int_restated_users') }}
),

settled as (
    select bit_or(cast(1 as bigint) << (checkpoint_number - 1)) as bits
    from {{ ref('int_feature_days') }}
    where is_settled
),

passed as (
    select {{ months_since_last_night() }} as months
),

before as materialized (
    select * from {{ stood }} where user_id in (select user_id from asked)
),

kept as (
    select before.user_id, before.tag_code, before.value, (before.mask >> passed.months) & settled.bits as mask
    from before
    cross join passed
    cross join settled
    where
        (before.mask >> passed.months) & settled.bits > 0
        and not exists (
            select from {{ ref('int_restated_users') }} as restated where restated.user_id = before.user_id
        )
),

stacked as (
    select user_id, tag_code, value, mask, score from judged
    union all
    select user_id, tag_code, value, mask, null from kept
),

now as (
    select
        stacked.user_id, stacked.tag_code, stacked.value,
        bit_or(stacked.mask) as mask, max(stacked.score) as score, max(users.acquired_day) as acquired_day
    from stacked
    inner join {{ ref('int_users_acquired') }} as users on stacked.user_id = users.user_id
    group by stacked.user_id, stacked.tag_code, stacked.value
)

select
    coalesce(now.user_id, before.user_id) as user_id,
    coalesce(now.tag_code, before.tag_code) as tag_code,
    coalesce(now.value, before.value) as value,
    now.mask, now.score, now.acquired_day
from now
full join before
    on now.user_id = before.user_id and now.tag_code = before.tag_code and now.value = before.value
where
    (now.mask, now.score, now.acquired_day) is distinct from (before.mask, before.score, before.acquired_day)
    -- A bit stands for another day then, and so does the same mask.
    or (select months > 0 from passed)
{% else %}
select cast(null as text) as user_id, cast(null as text) as tag_code, cast(null as text) as value, cast(null as bigint) as mask, cast(null as numeric) as score,
    cast(null as date) as acquired_day
from {{ ref('int_judged_tag_masks') }}
where false
{% endif %}
