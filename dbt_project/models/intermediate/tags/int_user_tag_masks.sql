-- One row per user × tag × value: on which checkpoints of int_feature_days the user bears it (bit n − 1 for number n),
-- and its score on D. Of users whom nothing restated the settled checkpoints stay as the last night judged them; the
-- last number is always D's, so that a month moves a bit down.
{{ config(meta={'reads_itself': true}) }}
{% if builds_on_last_night() %}
with settled as (
    select bit_or(1::bigint << (checkpoint_number - 1)) as bits
    from {{ ref('int_feature_days') }}
    where is_settled
),

passed as (
    select
        (
            12 * (extract(year from {{ business_date() }}) - extract(year from business_date))
            + extract(month from {{ business_date() }}) - extract(month from business_date)
        )::int as months
    from {{ source('meta', 'build_state') }}
),

kept as (
    select before.user_id, before.tag_code, before.value, (before.mask >> passed.months) & settled.bits as mask
    from {{ this }} as before
    cross join passed
    cross join settled
    where
        (before.mask >> passed.months) & settled.bits > 0
        and not exists (
            select from {{ ref('int_restated_users') }} as restated where restated.user_id = before.user_id
        )
),

stacked as (
    select user_id, tag_code, value, mask, score from {{ ref('int_judged_tag_masks') }}
    union all
    select user_id, tag_code, value, mask, null from kept
)

select user_id, tag_code, value, bit_or(mask) as mask, max(score) as score
from stacked
group by user_id, tag_code, value
{% else %}
select * from {{ ref('int_judged_tag_masks') }}
{% endif %}
