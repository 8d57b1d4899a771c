-- One row per tag: its users on D, and the counts behind its lift. `features` are those of the day 30 days before D,
-- `later` those of D: who was eligible for the tag's scenario then, who of them bore the tag, and for whom the outcome
-- came true. All tags and scenarios in one scan, whose one row is then looked into tag by tag.
{% set tags = configured_tags() %}
{% set scenarios = configured_scenarios() %}
{% set numbers = {} %}
{%- for scenario in scenarios %}{% do numbers.update({scenario.scenario: scenario.number}) %}{% endfor %}
with judged as (
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
    where features.as_of = {{ add_days(business_date(), -(var('tag_outcome_days') | int)) }}
),

counted as (
    select
        {%- for scenario in scenarios %}
        count(*) filter (where is_eligible_{{ scenario.number }}) as eligible_{{ scenario.number }},
        count(*) filter (where has_outcome_{{ scenario.number }}) as outcomes_{{ scenario.number }},
        {%- endfor %}
        {%- for tag in tags %}
        count(*) filter (
            where is_borne_{{ tag.number }} and is_eligible_{{ numbers[tag.scenario] }}
        ) as tagged_{{ tag.number }},
        count(*) filter (
            where is_borne_{{ tag.number }} and has_outcome_{{ numbers[tag.scenario] }}
        ) as outcomes_tagged_{{ tag.number }},
        {%- endfor %}
        count(*) as users
    from judged
),

tags as (
    select
        tag_code, scenario,
        {{ number_among('tag_code', tags | map(attribute='tag_code')) }} as tag_number,
        {{ number_among('scenario', scenarios | map(attribute='scenario')) }} as scenario_number
    from {{ source('config', 'config_tags') }}
),

users_now as (
    select tag_code, count(*) as users
    from {{ ref('user_tags') }}
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
        everyone.all_users,
        {{ numbered_case('tags.scenario_number', column_of_each('eligible', scenarios), '0') }} as eligible,
        {{ numbered_case('tags.scenario_number', column_of_each('outcomes', scenarios), '0') }} as outcomes_all,
        {{ numbered_case('tags.tag_number', column_of_each('tagged', tags), '0') }} as tagged,
        {{ numbered_case('tags.tag_number', column_of_each('outcomes_tagged', tags), '0') }} as outcomes_tagged
    from tags
    cross join counted
    cross join everyone
    left join users_now on tags.tag_code = users_now.tag_code
)

select * from final
