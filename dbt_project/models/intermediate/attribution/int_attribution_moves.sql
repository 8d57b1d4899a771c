-- One row per move between channels over all paths, converting or not: from null is the start of a path, to null
-- its end. The order-1 chain is these counts alone.
with moves as (

    select
        channel_code as from_channel_code,
        lead(channel_code) over (partition by user_id order by position) as to_channel_code,
        position,
        is_conversion
    from {{ ref('int_attribution_paths') }}

)

select
    null as from_channel_code,
    from_channel_code as to_channel_code,
    false as is_conversion,
    count(*) as paths
from moves
where position = 1
group by from_channel_code
union all
select
    from_channel_code,
    to_channel_code,
    to_channel_code is null and is_conversion as is_conversion,
    count(*) as paths
from moves
group by 1, 2, 3
