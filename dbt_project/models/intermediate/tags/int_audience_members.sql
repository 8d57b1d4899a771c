-- One row per audience × user in it on D: all rules in one scan. Users who asked for restriction are in none.
{% set audiences = configured_audiences() %}
with members as (
    select features.*, {{ numbers_where(audiences | map(attribute='rule_sql')) }} as audience_number
    from {{ ref('int_user_features') }} as features
    where features.as_of = {{ business_date() }} and not features.is_restricted
),

final as (
    select
        cast(
            {{ numbered_case('audience_number', quoted(audiences | map(attribute='audience_code'))) }}
            as {{ dbt.type_string() }}
        ) as audience_code,
        user_id,
        is_tired,
        {%- for medium in reach_media() %}
        reachable_{{ medium }} and not is_tired as may_{{ medium }}{{ ',' if not loop.last }}
        {%- endfor %}
    from members
)

select * from final
