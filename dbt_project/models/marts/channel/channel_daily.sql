{% set counts = ['touches', 'identified', 'friends_added', 'group_joins', 'registrations', 'first_orders', 'orders'] %}
select
    day,
    channel_code,
    {%- for figure in ['impressions', 'clicks'] %}
    cast(coalesce(sum(amount) filter (where figure = '{{ figure }}'), 0) as bigint) as {{ figure }},
    {%- endfor %}
    cast(coalesce(sum(amount) filter (where figure = 'cost'), 0.00) as numeric) as cost,
    {%- for figure in counts %}
    cast(coalesce(sum(amount) filter (where figure = '{{ figure }}'), 0) as bigint) as {{ figure }},
    {%- endfor %}
    cast(coalesce(sum(amount) filter (where figure = 'net'), 0.00) as numeric) as net
from {{ ref('int_channel_day_figures') }}
group by day, channel_code
