-- NaN and null are the same here: the model is not fitted.
select
    user_no
    {%- for column in ['p_alive', 'expected_orders_90d', 'expected_orders_365d', 'expected_net_per_order'] %},
    nullif({{ column }}, cast('NaN' as {{ type_double() }})) as {{ column }}
    {%- endfor %}
from {{ source('scores', 'score_user_values') }}
