{% set counts = [
    'impressions', 'clicks', 'touches', 'identified', 'friends_added', 'group_joins', 'registrations', 'first_orders',
    'orders',
] %}
with days as (
    select
        day,
        channel_code,
        {%- for figure in counts %}
        cast(coalesce(sum(amount) filter (where figure = '{{ figure }}'), 0) as bigint) as {{ figure }},
        {%- endfor %}
        {%- for figure in ['cost', 'net'] %}
        {{ money("coalesce(sum(amount) filter (where figure = '" ~ figure ~ "'), 0)") }} as {{ figure }},
        {%- endfor %}
        -- Null where no platform says anything of the day: that is not none.
        cast(sum(amount) filter (where figure = 'platform_conversions') as decimal(18, 6)) as platform_conversions,
        {{ money("sum(amount) filter (where figure = 'platform_conversion_value')") }} as platform_conversion_value
    from {{ ref('int_channel_day_figures') }}
    group by day, channel_code
    having bool_or(amount <> 0)
),

final as (
    select
        *,
        {{ ratio('platform_conversion_value', 'cost') }} as roas,
        {{ ratio('net', 'cost') }} as own_roas
    from days
)

select * from final
