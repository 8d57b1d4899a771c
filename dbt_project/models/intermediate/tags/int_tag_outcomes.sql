-- One row per tag: its users on D, and the counts behind its lift. `features` are those of the day 30 days before D,
-- `later` those of D: who was eligible for the tag's scenario then, who of them bore the tag, and for whom the outcome
-- came true. Tags become rows before they are counted, so that a hundred of them are one plan and not a hundred.
{% set tags = configured_tags() %}
{% set scenarios = configured_scenarios() %}
{% set before = add_days(business_date(), -(var('tag_outcome_days') | int)) %}
-- A user's standing has a digit for each scenario: 0 is not eligible, 1 is eligible, 2 with the outcome.
with standings as (
    select
        features.user_id,
        '' {%- for scenario in scenarios %} || case
            when {{ scenario.eligible_sql }} and {{ scenario.outcome_sql }} then '2'
            when {{ scenario.eligible_sql }} then '1'
            else '0'
        end {%- endfor %} as standing
    from {{ ref('int_user_features') }} as features
    inner join {{ ref('int_user_features') }} as later
        on features.user_id = later.user_id and later.as_of = {{ business_date() }}
    where features.as_of = {{ before }}
),

borne as (
    select features.user_id, {{ numbers_where(tags | map(attribute='rule_sql')) }} as tag_number
    from {{ ref('int_user_features') }} as features
    where features.as_of = {{ before }}
),

tags as (
    select
        tag_code, scenario,
        {{ number_among('tag_code', tags | map(attribute='tag_code')) }} as tag_number,
        {{ number_among('scenario', scenarios | map(attribute='scenario')) }} as scenario_number
    from {{ source('config', 'config_tags') }}
),

scenarios as (
    select tags.scenario_number, {{ count_standings('everybody.users') }}
    from (select distinct scenario_number from tags) as tags
    cross join (select standing, count(*) as users from standings group by standing) as everybody
    group by tags.scenario_number
),

tagged as (
    select tags.tag_number, {{ count_standings('1') }}
    from borne
    inner join standings as everybody on borne.user_id = everybody.user_id
    inner join tags on borne.tag_number = tags.tag_number
    group by tags.tag_number
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
        coalesce(scenarios.eligible, 0) as eligible, coalesce(scenarios.outcomes, 0) as outcomes_all,
        coalesce(tagged.eligible, 0) as tagged, coalesce(tagged.outcomes, 0) as outcomes_tagged
    from tags
    cross join everyone
    left join scenarios on tags.scenario_number = scenarios.scenario_number
    left join tagged on tags.tag_number = tagged.tag_number
    left join users_now on tags.tag_code = users_now.tag_code
)

select * from final
