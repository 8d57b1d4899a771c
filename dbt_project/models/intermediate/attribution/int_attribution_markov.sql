-- Effects become parts of 10^15 before they are summed, so that shares are the same in whatever order rows come.
with effects as (
    select
        channels.channel_code,
        found.effect as removal_effect,
        cast(floor(found.effect * 1000000000000000 + 0.5) as bigint) as parts
    from {{ ref('int_attribution_channels') }} as channels
    inner join {{ source('scores', 'markov_effects') }} as found on channels.channel = found.channel
),

summed as (
    select *, sum(parts) over () as all_parts from effects
),

final as (
    select
        channel_code,
        removal_effect,
        cast(coalesce({{ ratio('parts', 'all_parts', 15) }}, 0) as decimal(16, 15)) as credit_share
    from summed
)

select * from final
