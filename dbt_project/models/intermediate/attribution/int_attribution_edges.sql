-- One row per move of paths, converting or not: from 0, the start, or a channel, to a channel, to 0, the conversion,
-- or to null, the end of a path without one. The order-1 chain is these counts alone.
with steps as (
    select
        paths.is_conversion,
        paths.position = paths.steps as is_last,
        channels.channel,
        coalesce(lag(channels.channel) over (partition by paths.user_id order by paths.position), 0) as channel_before
    from {{ ref('int_attribution_paths') }} as paths
    inner join {{ ref('int_attribution_channels') }} as channels on paths.channel_code = channels.channel_code
),

moves as (
    select channel_before as from_channel, channel as to_channel from steps
    union all
    select channel as from_channel, case when is_conversion then 0 end as to_channel from steps where is_last
),

final as (
    select from_channel, to_channel, cast(count(*) as bigint) as paths
    from moves
    group by from_channel, to_channel
)

select * from final
