-- One row per user: the tags borne on the checkpoints of int_feature_days that this night takes of them, as arrays side
-- by side (checkpoints as bits, n − 1 for number n; scores on D), and whether that is other than the last night found.
-- All tags on all checkpoints in one scan of the features. An element a tag that is borne: those that nobody bears
-- never become rows. What stands first keeps the arrays of an empty catalogue typed.
{{ config(meta={'reads_itself': true}) }}
{% set tags = configured_tags() %}
{% set valued = tags | selectattr('value_sql') | list %}
{% set plain = tags | rejectattr('value_sql') | list %}
with days as (
    select as_of, cast(1 as bigint) << (checkpoint_number - 1) as bit, as_of = {{ business_date() }} as is_last
    from {{ ref('int_feature_days') }}
    where is_checkpoint
),

judged as (
    select
        features.user_id
        {%- for tag in tags %},
        {%- if tag.value_sql %}
        array_agg(coalesce(cast({{ tag.value_sql }} as text), 'unknown') order by days.bit) filter (where {{ tag.rule_sql }})
            as values_{{ tag.number }},
        array_agg(days.bit order by days.bit) filter (where {{ tag.rule_sql }}) as bits_{{ tag.number }}
        {%- else %}
        bit_or(days.bit) filter (where {{ tag.rule_sql }}) as mask_{{ tag.number }}
        {%- endif %}
        {%- if tag.score_sql != '1' %},
        coalesce(max(cast({{ tag.score_sql }} as numeric)) filter (where days.is_last), 1) as score_{{ tag.number }}
        {%- endif %}
        {%- endfor %}
    from {{ ref('int_user_features') }} as features
    inner join days on features.as_of = days.as_of
    group by features.user_id
),

found as (
    select
        user_id,
        array_remove(array[cast(null as int){% for tag in plain %},
            case when mask_{{ tag.number }} is not null then {{ tag.number }} end
        {%- endfor %}], null) as plain_numbers,
        array_remove(array[cast(null as bigint){% for tag in plain %}, mask_{{ tag.number }}{% endfor %}], null) as plain_masks,
        array_remove(array[cast(null as numeric){% for tag in plain %},
            case when mask_{{ tag.number }} is not null then {{ '1' if tag.score_sql == '1' else 'score_' ~ tag.number }} end
        {%- endfor %}], null) as plain_scores,
        -- Of a tag with values, an element a checkpoint on which it is borne.
        cast(array[] as int[])
        {%- for tag in valued %}
        || array_fill({{ tag.number }}, array[coalesce(cardinality(bits_{{ tag.number }}), 0)])
        {%- endfor %} as valued_numbers,
        cast(array[] as text[]){% for tag in valued %} || values_{{ tag.number }}{% endfor %} as valued_values,
        cast(array[] as bigint[]){% for tag in valued %} || bits_{{ tag.number }}{% endfor %} as valued_bits,
        cast(array[] as numeric[])
        {%- for tag in valued %}
        || array_fill(
            {{ 'cast(1 as numeric)' if tag.score_sql == '1' else 'score_' ~ tag.number }},
            array[coalesce(cardinality(bits_{{ tag.number }}), 0)]
        )
        {%- endfor %} as valued_scores
    from judged
)

{% if builds_on_last_night() %}
{%- set arrays = [
    'plain_numbers', 'plain_masks', 'plain_scores', 'valued_numbers', 'valued_values', 'valued_bits', 'valued_scores'
] %}
select
    found.*,
    before.user_id is null as is_changed
from found
left join {{ this }} as before
    on
        found.user_id = before.user_id
        and (found.{{ arrays | join(', found.') }}) is not distinct from (before.{{ arrays | join(', before.') }})
{% else %}
select *, true as is_changed
from found
{% endif %}
