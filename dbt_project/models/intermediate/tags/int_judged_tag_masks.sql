-- One row per user × tag × value: on which checkpoints of int_feature_days that this night takes of the user they bear
-- it (bit n − 1 for number n), and its score on D. All tags on all checkpoints in one scan of the features, out of
-- which comes one row a user.
{{ config(materialized='view') }}
{% set tags = configured_tags() %}
{% set valued = tags | selectattr('value_sql') | list %}
{% set plain = tags | rejectattr('value_sql') | list %}
with days as (
    select as_of, 1::bigint << (checkpoint_number - 1) as bit, as_of = {{ business_date() }} as is_last
    from {{ ref('int_feature_days') }}
    where is_checkpoint
),

judged as (
    select
        features.user_id
        {%- for tag in tags %},
        {%- if tag.value_sql %}
        array_agg(coalesce(({{ tag.value_sql }})::text, 'unknown')) filter (where {{ tag.rule_sql }})
            as values_{{ tag.number }},
        array_agg(days.bit) filter (where {{ tag.rule_sql }}) as bits_{{ tag.number }}
        {%- else %}
        bit_or(days.bit) filter (where {{ tag.rule_sql }}) as mask_{{ tag.number }}
        {%- endif %}
        {%- if tag.score_sql != '1' %},
        coalesce(max(({{ tag.score_sql }})::numeric) filter (where days.is_last), 1) as score_{{ tag.number }}
        {%- endif %}
        {%- endfor %}
    from {{ ref('int_user_features') }} as features
    inner join days on features.as_of = days.as_of
    group by features.user_id
),

-- The arrays lie side by side, an element a tag that is borne: those that nobody bears never become rows. What stands
-- first keeps the arrays of an empty catalogue typed.
plain as (
    select
        user_id,
        unnest(array_remove(array[null::int{% for tag in plain %},
            case when mask_{{ tag.number }} is not null then {{ tag.number }} end
        {%- endfor %}], null)) as tag_number,
        unnest(array_remove(
            array[null::bigint{% for tag in plain %}, mask_{{ tag.number }}{% endfor %}], null
        )) as mask,
        unnest(array_remove(array[null::numeric{% for tag in plain %},
            case when mask_{{ tag.number }} is not null then {{ '1' if tag.score_sql == '1' else 'score_' ~ tag.number }} end
        {%- endfor %}], null)) as score
    from judged
),

-- Of a tag with values, an element a checkpoint on which it is borne.
valued as (
    select
        user_id,
        unnest(
            array[]::int[]
            {%- for tag in valued %}
            || array_fill({{ tag.number }}, array[coalesce(cardinality(bits_{{ tag.number }}), 0)])
            {%- endfor %}
        ) as tag_number,
        unnest(array[]::text[]{% for tag in valued %} || values_{{ tag.number }}{% endfor %}) as value,
        unnest(array[]::bigint[]{% for tag in valued %} || bits_{{ tag.number }}{% endfor %}) as bit,
        unnest(
            array[]::numeric[]
            {%- for tag in valued %}
            || array_fill(
                {{ '1::numeric' if tag.score_sql == '1' else 'score_' ~ tag.number }},
                array[coalesce(cardinality(bits_{{ tag.number }}), 0)]
            )
            {%- endfor %}
        ) as score
    from judged
),

borne as (
    select user_id, tag_number, 'true' as value, mask, score from plain
    union all
    select user_id, tag_number, value, bit_or(bit), max(score) from valued group by user_id, tag_number, value
),

-- Not an array's element: Postgres walks through the texts before it, for each row.
codes as (
    select tag_code, tag_number
    from
        unnest(array[{% for tag in tags %}{{ ', ' if not loop.first }}'{{ tag.tag_code }}'{% endfor %}]::text[])
        with ordinality as listed (tag_code, tag_number)
),

final as (
    select
        borne.user_id,
        codes.tag_code,
        borne.value,
        borne.mask,
        case when borne.mask & (select bit from days where is_last) > 0 then borne.score end as score
    from borne
    inner join codes on borne.tag_number = codes.tag_number
)

select * from final
