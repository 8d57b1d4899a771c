{#
    Of every column and figure the new day that lies furthest from its usual level, in spreads of days and in itself.
#}
{% set limits = profile_limits() %}
with levels as (

    select
        *,
        case
            when figure in ({{ mixes() }}) then usual * greatest(1, sqrt(usual_sample / nullif(sample, 0)))
            when figure in ({{ amounts() }}) then usual
            else least(1, greatest(0, usual))
        end as centre
    from {{ ref('column_levels') }}

),

compared as (

    select
        *,
        case
            when figure in ({{ amounts() }})
                then sqrt(0.0025 + spread * spread * greatest(1, usual_sample / nullif(sample, 0)))
            -- A snapshot is the whole: chance takes no part in it.
            when is_snapshot then sqrt(spread * spread + 0.09 / nullif(sample * sample, 0))
            when figure in ({{ mixes() }}) then sqrt(spread * spread + 0.25 / nullif(sample, 0))
            else sqrt(
                spread * spread
                + {{ smoothed_share('centre', 'sample') }} * (1 - {{ smoothed_share('centre', 'sample') }})
                / nullif(sample, 0)
            )
        end as wide,
        -- More of the same value, or of what changed, is a fault; less of it is none.
        case when figure in ('missing', 'median') then abs(value - centre) else greatest(0, value - centre) end as off
    from levels

),

measured as (

    select
        *,
        cast(case when figure in ({{ amounts() }}) then 1 - exp(-off) else off end as decimal(18, 9)) as moved,
        case
            when figure = 'largest' then off > {{ limits.largest_spreads }} * wide and value > highest + ln(3)
            -- What was seen before is not far out.
            -- Many times the usual rows are another crowd: volumes tell it.
            when sample not between 0.25 * usual_sample and 4 * usual_sample then false
            when figure in ('missing', 'median') and value between lowest and highest then false
            when figure not in ('missing', 'median') and value <= highest then false
            when figure = 'median' then off > {{ limits.amount_spreads }} * wide
            when is_snapshot then off > {{ limits.spreads }} * wide and off > 0.1
            else off > {{ limits.spreads }} * wide and off * sample > {{ var('handful', 5) }}
        end as is_far
    from compared

),

ranked as (

    select
        *,
        row_number() over (
            partition by subject, figure
            order by case when is_far then moved else 0 end desc nulls last, off / wide desc nulls last
        ) as place
    from measured

),

final as (

    select
        load_name, subject, figure, loads_before,
        cast(sample as bigint) as row_count,
        cast(case when figure in ({{ amounts() }}) then exp(value) else value end as {{ type_double() }}) as level,
        cast(case when figure in ({{ amounts() }}) then exp(centre) else centre end as {{ type_double() }}) as usual,
        cast(case when figure in ({{ amounts() }}) then exp(lowest) else lowest end as {{ type_double() }}) as lowest,
        cast(case when figure in ({{ amounts() }}) then exp(highest) else highest end as {{ type_double() }})
            as highest,
        cast(case when is_far then moved else 0 end as {{ type_double() }}) as moved,
        cast(case
            -- Far more or fewer rows than usual bring another mix by themselves, which is told; a new price list is
            -- business as usual.
            when is_far and kind in ({{ vital_kinds() }}) and figure <> 'largest'
                and not (is_snapshot and kind = 'money' and figure = 'changed')
                and sample between 0.4 * usual_sample and 1.7 * usual_sample
                then moved
            else 0
        end as {{ type_double() }}) as moved_of_vital
    from ranked
    where place = 1

)

select * from final
