-- One row per user × tag × value that int_judged_tags found: on which checkpoints, as bits, and the score on D. Of
-- users alone of whom it may be other than what stands: whose tags are others than the last night found, whose settled
-- days were taken anew, and everybody where a month begins, as all checkpoints move by one, or a tag is another.
{{ config(materialized='view') }}
with judged as (
    select *
    from {{ ref('int_judged_tags') }}
    {%- if builds_on_last_night() %}
    where
        is_changed
        or user_id in (select user_id from {{ ref('int_restated_users') }})
        or exists (
            select from {{ ref('int_feature_days') }}
            where is_checkpoint and not is_settled and as_of < {{ business_date() }}
        )
        or {{ months_since_last_night() }} > 0
    {%- endif %}
),

plain as (
    select
        user_id, unnest(plain_numbers) as tag_number, 'true' as value, unnest(plain_masks) as mask,
        unnest(plain_scores) as score
    from judged
),

valued as (
    select
        user_id, unnest(valued_numbers) as tag_number, unnest(valued_values) as value, unnest(valued_bits) as bit,
        unnest(valued_scores) as score
    from judged
),

borne as (
    select * from plain
    union all
    select user_id, tag_number, value, bit_or(bit), max(score) from valued group by user_id, tag_number, value
),

codes as (
    select tag_code, tag_number
    from
        unnest(cast(array[
            {%- for tag in configured_tags() %}{{ ', ' if not loop.first }}'{{ tag.tag_code }}'{% endfor %}] as text[])
        ) with ordinality as listed (tag_code, tag_number)
),

final as (
    select
        borne.user_id,
        codes.tag_code,
        borne.value,
        borne.mask,
        case when borne.mask & {{ bit_of_business_date() }} > 0 then borne.score end as score
    from borne
    inner join codes on borne.tag_number = codes.tag_number
)

select * from final
