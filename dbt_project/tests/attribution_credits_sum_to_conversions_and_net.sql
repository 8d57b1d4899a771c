-- In every model the credits are exactly the first counted orders of users, and exactly their net.
with expected as (

    select
        count(*) as conversions,
        coalesce(sum(net), 0) as net
    from {{ ref('int_orders_counted') }}
    where order_seq = 1

),

models as (

    {% for model in ['first', 'last', 'linear', 'position', 'time_decay', 'markov', 'shapley'] %}
    select '{{ model }}' as model
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

credited as (

    select
        model,
        sum(conversions) as conversions,
        sum(net) as net
    from {{ ref('attribution') }}
    group by model

)

select
    models.model,
    expected.conversions,
    credited.conversions as credited_conversions,
    expected.net,
    credited.net as credited_net
from models
cross join expected
left join credited on models.model = credited.model
where
    coalesce(credited.conversions, 0) <> expected.conversions
    or coalesce(credited.net, 0) <> expected.net
