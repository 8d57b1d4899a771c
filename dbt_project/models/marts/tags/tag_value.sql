-- The interval of the ratio of two rates where the tagged are part of all, by the delta method: with x of n tagged and
-- y of the m others reaching the outcome, X = x + y of N = n + m,
--   var(ln lift) = ((n − x) × y² ÷ (n × x) + y × (m − y) ÷ m) ÷ X²
-- (Katz et al. 1978 give it for two separate samples; here part and whole vary together). In the interval alone a
-- count of none or all is moved by one half, so that its width is never 0; without others lift is 1 and certain.
with counts as (
    select
        *,
        outcomes_all - outcomes_tagged as other_outcomes,
        eligible - tagged as others,
        tagged < {{ var('tag_value_min_tagged') }}
        or outcomes_all < {{ var('tag_value_min_outcomes') }} as is_immature
    from {{ ref('int_tag_outcomes') }}
),

moved as (
    select
        *,
        least(greatest(outcomes_tagged, 0.5), tagged - 0.5) as hits,
        case when others > 0 then least(greatest(other_outcomes, 0.5), others - 0.5) else 0 end as other_hits
    from counts
),

judged as (
    select
        *,
        (hits * eligible) / nullif(tagged * (hits + other_hits), 0) as centre,
        sqrt((
            (tagged - hits) * other_hits * other_hits / nullif(tagged * hits, 0)
            + other_hits * (others - other_hits) / greatest(others, 1)
        ) / ((hits + other_hits) * (hits + other_hits))) as standard_error
    from moved
    where not is_immature
),

final as (
    select
        counts.tag_code, counts.scenario, counts.users,
        {{ ratio('counts.users', 'counts.all_users') }} as coverage,
        counts.eligible, counts.tagged, counts.outcomes_tagged, counts.outcomes_all,
        {{ ratio('counts.outcomes_tagged', 'counts.tagged') }} as outcome_rate_tagged,
        {{ ratio('counts.outcomes_all', 'counts.eligible') }} as outcome_rate_all,
        {{ ratio('judged.outcomes_tagged * judged.eligible', 'judged.tagged * judged.outcomes_all') }} as lift,
        case
            when judged.outcomes_tagged = 0 then 0
            else trim_scale(round(judged.centre * exp(-1.96 * judged.standard_error), 6))
        end as lift_low,
        trim_scale(round(judged.centre * exp(1.96 * judged.standard_error), 6)) as lift_high
    from counts
    left join judged on counts.tag_code = judged.tag_code
)

select
    *,
    case
        when coverage < {{ var('tag_rare_share') }} then 'too_rare'
        when coverage > {{ var('tag_common_share') }} then 'too_common'
        when lift is null or coverage is null then 'immature'
        when lift_low <= 1 and lift_high >= 1 then 'no_lift'
        else 'useful'
    end as verdict
from final
