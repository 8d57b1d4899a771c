{% set models = ['first', 'last', 'linear', 'position', 'time_decay', 'markov', 'shapley'] %}
with totals as (
    select count(*) as conversions, coalesce(sum(net), 0) as net
    from {{ ref('int_attribution_paths') }}
    where is_conversion and position = 1
),

credits as (
    select channel_code, model, conversions, net from {{ ref('int_attribution_steps') }}
    union all
    select
        markov.channel_code,
        'markov' as model,
        markov.credit_share * totals.conversions as conversions,
        markov.credit_share * totals.net as net
    from {{ ref('int_attribution_markov') }} as markov
    cross join totals
),

-- A channel met in any path has its row in every model, with 0 where the model gives it nothing.
grid as (
    {%- for model in models %}
    select channel_code, '{{ model }}' as model from {{ ref('int_attribution_channels') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

rounded as (
    select
        grid.channel_code,
        grid.model,
        cast(coalesce(credits.conversions, 0) as decimal(28, 10)) as conversions,
        cast(coalesce(credits.net, 0) as decimal(28, 10)) as net
    from grid
    left join credits on grid.channel_code = credits.channel_code and grid.model = credits.model
),

-- What rounding left over goes to the channel with most conversions (ties by code), so that sums are exact.
measured as (
    select
        *,
        row_number() over (partition by model order by conversions desc, {{ by_bytes('channel_code') }}) as place,
        cast(sum(conversions) over (partition by model) as decimal(26, 10)) as given_conversions,
        cast(sum(net) over (partition by model) as decimal(26, 10)) as given_net
    from rounded
),

final as (
    select
        measured.channel_code,
        measured.model,
        {%- for amount in ['conversions', 'net'] %}
        cast(
            measured.{{ amount }}
            + case when measured.place = 1 then totals.{{ amount }} - measured.given_{{ amount }} else 0 end
            as decimal(28, 10)
        ) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from measured
    cross join totals
)

select * from final
