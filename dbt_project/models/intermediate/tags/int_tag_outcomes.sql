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

all_counted as (
    select standing, count(*) as users
    from standings
    group by standing
),

tagged_counted as (
    select borne.tag_number, standings.standing, count(*) as users
    from borne
    inner join standings on borne.user_id = standings.user_id
    group by borne.tag_number, standings.standing
),

counted as (
    select
        tags.tag_code, all_counted.users as all_users, coalesce(tagged_counted.users, 0) as tagged_users,
        substr(all_counted.standing, tags.scenario_number, 1) as standing
    from tags
    cross join all_counted
    left join tagged_counted
        on tags.tag_number = tagged_counted.tag_number and all_counted.standing = tagged_counted.standing
),

outcomes as (
    select
        tag_code,
        sum(case when standing in ('1', '2') then all_users else 0 end) as eligible,
        sum(case when standing = '2' then all_users else 0 end) as outcomes_all,
        sum(case when standing in ('1', '2') then tagged_users else 0 end) as tagged,
        sum(case when standing = '2' then tagged_users else 0 end) as outcomes_tagged
    from counted
    group by tag_code
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
        {%- for count in ('eligible', 'outcomes_all', 'tagged', 'outcomes_tagged') %}
        cast(coalesce(outcomes.{{ count }}, 0) as {{ dbt.type_bigint() }}) as {{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from tags
    cross join everyone
    left join outcomes on tags.tag_code = outcomes.tag_code
    left join users_now on tags.tag_code = users_now.tag_code
)

select * from final
