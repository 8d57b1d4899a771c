-- One row per audience × user in it on D: all rules in one scan. Users who asked for restriction are in none.
{% set audiences = configured_audiences() %}
with borne as (
    select
        features.*,
        unnest(array_remove(array[
            {%- for audience in audiences %}
            case when {{ audience.rule_sql }} then cast({{ loop.index }} as smallint) end,
            {%- endfor %}
            cast(null as smallint)
        ], null)) as audience_number
    from {{ ref('int_user_features') }} as features
    where features.as_of = {{ business_date() }} and not features.is_restricted
),

final as (
    select
        (cast(array[
            {%- for audience in audiences %}
            '{{ audience.audience_code }}'{{ ',' if not loop.last }}
            {%- endfor %}
        ] as text[]))[audience_number] as audience_code,
        user_id,
        is_tired,
        {%- for medium in ['sms', 'email', 'wechat', 'app', 'weibo'] %}
        reachable_{{ medium }} and not is_tired as may_{{ medium }}{{ ',' if not loop.last }}
        {%- endfor %}
    from borne
)

select * from final
