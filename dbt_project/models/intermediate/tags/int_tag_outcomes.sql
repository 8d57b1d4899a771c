-- One row per tag: its users on D, and the counts behind its lift. `features` are those of the day 30 days before D,
-- `later` those of D: who was eligible for the tag's scenario then, who of them bore the tag, and for whom the outcome
-- came true. All tags and scenarios in one scan.
{% set tags = configured_tags() %}
{% set scenarios = configured_scenarios() %}
{% set numbers = {} %}
{%- for scenario in scenarios %}{% do numbers.update({scenario.scenario: scenario.number}) %}{% endfor %}
with judged as materialized (
    select
        features.user_id
        {%- for scenario in scenarios %},
        {{ scenario.eligible_sql }} as is_eligible_{{ scenario.number }},
        {{ scenario.eligible_sql }} and {{ scenario.outcome_sql }} as has_outcome_{{ scenario.number }}
        {%- endfor %}
        {%- for tag in tags %},
        {{ tag.rule_sql }} as is_borne_{{ tag.number }}
        {%- endfor %}
    from {{ ref('int_user_features') }} as features
    inner join {{ ref('int_user_features') }} as later
        on features.user_id = later.user_id and later.as_of = {{ business_date() }}
    where features.as_of = {{ business_date() }} - {{ var('tag_outcome_days') }}
),

counted as (
    select
        array['none'{% for tag in tags %}, '{{ tag.tag_code }}'{% endfor %}] as tag_codes
        {%- for name in ['is_eligible', 'has_outcome'] %},
        array[
            cast(0 as bigint)
            {%- for tag in tags %},
            count(*) filter (where {{ name }}_{{ numbers[tag.scenario] }})
            {%- endfor %}
        ] as {{ name }},
        array[
            cast(0 as bigint)
            {%- for tag in tags %},
            count(*) filter (where is_borne_{{ tag.number }} and {{ name }}_{{ numbers[tag.scenario] }})
            {%- endfor %}
        ] as {{ name }}_borne
        {%- endfor %}
    from judged
),

tagged as (
    select
        unnest(tag_codes) as tag_code, unnest(is_eligible) as eligible, unnest(has_outcome) as outcomes_all,
        unnest(is_eligible_borne) as tagged, unnest(has_outcome_borne) as outcomes_tagged
    from counted
),

users_now as (
    select tag_code, count(*) as users
    from {{ ref('int_user_tag_masks') }}
    where mask & {{ bit_of_business_date() }} > 0
    group by tag_code
),

everyone as (
    select count(*) as all_users
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ business_date() }}
),

final as (
    select
        tags.tag_code, tags.scenario,
        coalesce(users_now.users, 0) as users,
        everyone.all_users, tagged.eligible, tagged.outcomes_all, tagged.tagged, tagged.outcomes_tagged
    from {{ source('config', 'config_tags') }} as tags
    inner join tagged on tags.tag_code = tagged.tag_code
    cross join everyone
    left join users_now on tags.tag_code = users_now.tag_code
)

select * from final
