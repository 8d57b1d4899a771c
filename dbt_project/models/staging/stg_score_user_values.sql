select
    user_no
    {%- for column in ['p_alive', 'expected_orders_90d', 'expected_orders_365d', 'expected_net_per_order'] %},
    cast(nullif({{ column }}, 'NaN') as numeric) as {{ column }}
    {%- endfor %}
from {{ source('scores', 'score_user_values') }}
