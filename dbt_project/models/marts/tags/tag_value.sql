-- The interval of the ratio of two rates where the tagged are part of all, by the delta method: with x of n tagged and
-- y of the m others reaching the outcome, X = x + y of N = n + m,
--   var(ln lift) = ((n − x) × y² ÷ (n × x) + y × (m − y) ÷ m) ÷ X²
-- (Katz et al. 1978 give it for two separate samples; here part and whole vary together). In the interval alone a
-- count of none or all is moved by one half, so that its width is never 0; without others lift is 1 and certain.
with counts as (
    select
        *,
        outcomes_all - outcomes_tagged as other_outcomes,
        eligible - tagged as others
    from {{ ref('int_tag_outcomes') }}
),

moved as (
    select
        *,
        cast(least(greatest(outcomes_tagged, 0.5), tagged - 0.5) as {{ type_double() }}) as hits,
        cast(
            case when others > 0 then least(greatest(other_outcomes, 0.5), others - 0.5) else 0 end
            as {{ type_double() }}
        ) as other_hits
    from counts
    where tagged >= {{ var('tag_value_min_tagged') }} and outcomes_all >= {{ var('tag_value_min_outcomes') }}
),

intervals as (
    select
        tag_code, outcomes_tagged, outcomes_all, tagged, eligible,
        (hits * eligible) / (tagged * (hits + other_hits)) as centre,
        sqrt(
            (tagged - hits) * other_hits * other_hits / (tagged * hits)
            + other_hits * (others - other_hits) / greatest(others, 1)
        ) / (hits + other_hits) as standard_error
    from moved
),

lifts as (
    select
        *,
        case
            when outcomes_tagged = 0 then 0
            else centre * exp(-{{ var('confidence_z') }} * standard_error)
        end as lift_low,
        centre * exp({{ var('confidence_z') }} * standard_error) as lift_high
    from intervals
),

final as (
    select
        counts.tag_code, counts.scenario, counts.users,
        {{ ratio('counts.users', 'counts.all_users') }} as coverage,
        counts.eligible, counts.tagged, counts.outcomes_tagged, counts.outcomes_all,
        {{ ratio('counts.outcomes_tagged', 'counts.tagged') }} as outcome_rate_tagged,
        {{ ratio('counts.outcomes_all', 'counts.eligible') }} as outcome_rate_all,
        {{ ratio('lifts.outcomes_tagged * lifts.eligible', 'lifts.tagged * lifts.outcomes_all') }} as lift,
        {{ six_places('lifts.lift_low') }} as lift_low,
        {{ six_places('lifts.lift_high') }} as lift_high,
        case
            when counts.users < {{ var('tag_rare_share') }} * counts.all_users then 'too_rare'
            when counts.users > {{ var('tag_common_share') }} * counts.all_users then 'too_common'
            when lifts.tag_code is null or counts.all_users = 0 then 'immature'
            when lifts.lift_low <= 1 and lifts.lift_high >= 1 then 'no_lift'
            else 'useful'
        end as verdict
    from counts
    left join lifts on counts.tag_code = lifts.tag_code
)

select * from final
