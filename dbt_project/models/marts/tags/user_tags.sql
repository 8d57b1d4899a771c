-- All rules in one scan of the features; what nobody bears never becomes a row. `since` is added by the readers' view.
{% set tags = configured_tags() %}
with borne as (
    select features.*, {{ numbers_where(tags | map(attribute='rule_sql')) }} as tag_number
    from {{ ref('int_user_features') }} as features
    where features.as_of = {{ business_date() }}
),

final as (
    select
        features.user_id,
        {{ numbered_case('features.tag_number', quoted(tags | map(attribute='tag_code'))) }} as tag_code,
        {{ numbered_case('features.tag_number', tag_values(tags), "'true'") }} as value,
        {{ numbered_case('features.tag_number', tag_scores(tags), '1') }} as score
    from borne as features
)

select
    cast(user_id as {{ dbt.type_string() }}) as user_id,
    cast(tag_code as {{ dbt.type_string() }}) as tag_code,
    cast(value as {{ dbt.type_string() }}) as value,
    cast(score as decimal(18, 6)) as score
from final
