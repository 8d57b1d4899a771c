{% set figures = [
    'impressions', 'clicks', 'cost', 'touches', 'identified', 'friends_added', 'group_joins', 'registrations',
    'first_orders', 'orders', 'net',
] %}
select
    day,
    channel_code,
    {%- for figure in figures %}
    cast(
        coalesce(sum(amount) filter (where figure = '{{ figure }}'), 0)
        as {{ 'decimal(18, 2)' if figure in ['cost', 'net'] else 'bigint' }}
    ) as {{ figure }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_channel_day_figures') }}
group by day, channel_code
