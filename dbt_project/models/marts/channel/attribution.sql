{% set decimals = 10 %}
with totals as (

    select
        count(*) as conversions,
        coalesce(sum(net), 0) as net
    from {{ ref('int_attribution_paths') }}
    where is_conversion and position = 1

),

markov as (

    select
        markov.channel_code,
        'markov' as model,
        markov.credit_share * totals.conversions as conversions,
        markov.credit_share * totals.net as net
    from {{ ref('int_attribution_markov') }} as markov
    cross join totals

),

credits as (

    select channel_code, model, conversions, net from {{ ref('int_attribution_steps') }}
    union all
    select channel_code, model, conversions, net from markov

),

-- A channel met in any path has its row in every model, with 0 where the model gives it nothing.
grid as (

    select
        channels.channel_code,
        models.model
    from (select channel_code from {{ ref('int_attribution_markov') }}) as channels
    cross join (
        values ('first'), ('last'), ('linear'), ('position'), ('time_decay'), ('markov'), ('shapley')
    ) as models (model)

),

rounded as (

    select
        grid.channel_code,
        grid.model,
        round(coalesce(credits.conversions, 0), {{ decimals }}) as conversions,
        round(coalesce(credits.net, 0), {{ decimals }}) as net
    from grid
    left join credits on grid.channel_code = credits.channel_code and grid.model = credits.model

),

-- What rounding left over goes to the channel with most conversions (ties by code), so that sums are exact.
measured as (

    select
        *,
        row_number() over (partition by model order by conversions desc, {{ by_bytes('channel_code') }}) = 1 as takes_rest,
        sum(conversions) over (partition by model) as given_conversions,
        sum(net) over (partition by model) as given_net
    from rounded

)

select
    measured.channel_code,
    measured.model,
    trim_scale(
        measured.conversions
        + case when measured.takes_rest then totals.conversions - measured.given_conversions else 0 end
    ) as conversions,
    trim_scale(
        measured.net
        + case when measured.takes_rest then totals.net - measured.given_net else 0 end
    ) as net
from measured
cross join totals
