-- One row per channel of any path: its removal effect and its share of all effects.
with moves as (

    select * from {{ ref('int_attribution_moves') }}

),

numbered as (

    select
        to_channel_code as channel_code,
        cast(row_number() over (order by {{ by_bytes('to_channel_code') }}) as int) as number
    from (select distinct to_channel_code from moves where to_channel_code is not null) as channels

),

edges as (

    select
        coalesce(starts.number, 0) as edge_from,
        case when moves.is_conversion then 0 else ends.number end as edge_to,
        moves.paths
    from moves
    left join numbered as starts on moves.from_channel_code = starts.channel_code
    left join numbered as ends on moves.to_channel_code = ends.channel_code

),

chain as (

    select
        (select cast(count(*) as int) from numbered) as channels,
        array_agg(edge_from order by edge_from, edge_to) as edge_from,
        array_agg(edge_to order by edge_from, edge_to) as edge_to,
        array_agg(paths order by edge_from, edge_to) as edge_paths
    from edges

),

effects as (

    select
        numbered.channel_code,
        cast(found.effect as numeric) as removal_effect
    from chain
    cross join lateral {{ target.schema }}.markov_removal_effects(
        chain.channels, chain.edge_from, chain.edge_to, chain.edge_paths
    ) as found
    inner join numbered on found.channel = numbered.number

)

select
    channel_code,
    removal_effect,
    coalesce(removal_effect / nullif(sum(removal_effect) over (), 0), 0) as credit_share
from effects
