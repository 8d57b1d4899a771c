-- One row per channel × model whose credit of a path is a sum of shares of its steps: all models but markov.
-- Steps that any model treats alike are counted together first: exact sums of few kinds instead of shares of millions.
{% set end_share = var('attribution_end_share') %}
with kinds as (

    select
        channel_code,
        steps,
        channels,
        position = 1 as is_first,
        position = steps as is_last,
        is_first_of_channel,
        count(*) as paths,
        sum(net) as net,
        sum(decay_share) as decayed_paths,
        sum(decay_share * net) as decayed_net
    from {{ ref('int_attribution_paths') }}
    where is_conversion
    group by 1, 2, 3, 4, 5, 6

),

shared as (

    select
        channel_code,
        paths,
        net,
        decayed_paths,
        decayed_net,
        cast(is_first as int) as first_share,
        cast(is_last as int) as last_share,
        cast(1 as numeric) / steps as linear_share,
        case
            when steps <= 2 then cast(1 as numeric) / steps
            when is_first or is_last then {{ end_share }}
            else (1 - 2 * {{ end_share }}) / (steps - 2)
        end as position_share,
        -- v(S) counts the paths within S, a sum of unanimity games: each path is worth 1 to its own set of
        -- channels, whose Shapley value is an equal part for each of them. Shown once, at the channel's first step.
        case when is_first_of_channel then cast(1 as numeric) / channels else 0 end as shapley_share
    from kinds

)

{% for model in ['first', 'last', 'linear', 'position', 'shapley'] %}
select
    channel_code,
    '{{ model }}' as model,
    sum(paths * {{ model }}_share) as conversions,
    sum(net * {{ model }}_share) as net
from shared
group by channel_code
union all
{% endfor %}
select
    channel_code,
    'time_decay' as model,
    sum(decayed_paths) as conversions,
    sum(decayed_net) as net
from shared
group by channel_code
