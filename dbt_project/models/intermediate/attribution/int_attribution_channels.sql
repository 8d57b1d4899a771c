-- Channels of all paths, numbered from 1 for the Markov chain.
with channels as (
    select distinct channel_code from {{ ref('int_attribution_paths') }}
),

final as (
    select
        cast(row_number() over (order by {{ by_bytes('channel_code') }}) as int) as channel,
        channel_code
    from channels
)

select * from final
