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
        count(*) as conversions,
        {{ money('sum(net)') }} as net,
        sum(decay_share) as decayed_conversions,
        -- A product of 38 digits at most: of wider ones Spark would cut the places.
        sum(decay_share * cast(net as decimal(16, 2))) as decayed_net
    from {{ ref('int_attribution_paths') }}
    where is_conversion
    group by channel_code, steps, channels, position = 1, position = steps, is_first_of_channel
),

credited as (
    select
        channel_code,
        {%- for amount in ['conversions', 'net'] %}
        case when is_first then {{ amount }} else 0 end as first_{{ amount }},
        case when is_last then {{ amount }} else 0 end as last_{{ amount }},
        {{ ratio(amount, 'steps', 12) }} as linear_{{ amount }},
        case
            when steps <= 2 then {{ ratio(amount, 'steps', 12) }}
            when is_first or is_last then {{ end_share }} * {{ amount }}
            else {{ ratio('(1 - 2 * ' ~ end_share ~ ') * ' ~ amount, 'steps - 2', 12) }}
        end as position_{{ amount }},
        -- v(S) counts the paths within S, a sum of unanimity games: each path is worth 1 to its own set of
        -- channels, whose Shapley value is an equal part for each of them. Shown once, at the channel's first step.
        case when is_first_of_channel then {{ ratio(amount, 'channels', 12) }} else 0 end as shapley_{{ amount }},
        decayed_{{ amount }} as time_decay_{{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from kinds
),

final as (
    {%- for model in ['first', 'last', 'linear', 'position', 'shapley', 'time_decay'] %}
    select
        channel_code,
        '{{ model }}' as model,
        {%- for amount in ['conversions', 'net'] %}
        cast(sum({{ model }}_{{ amount }}) as decimal(28, 12)) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from credited
    group by channel_code
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
