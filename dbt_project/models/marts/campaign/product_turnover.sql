with windows as (
    select * from {{ ref('int_campaign_windows') }}
),

sku_days as (
    select sku, order_day, sum(quantity) as units
    from {{ ref('int_counted_lines') }}
    group by sku, order_day
),

days as (
    select windows.campaign_id, windows.period, sales_days.order_day
    from windows
    inner join (select distinct order_day from sku_days) as sales_days
        on sales_days.order_day between windows.first_day and windows.last_day
    where windows.is_known
),

sold as (
    select days.campaign_id, days.period, sku_days.sku, sum(sku_days.units) as units
    from days
    inner join sku_days on days.order_day = sku_days.order_day
    group by days.campaign_id, days.period, sku_days.sku
),

campaigns as (
    select
        campaign_id,
        {%- for period in ['before', 'during', 'after'] %}
        bool_or(period = '{{ period }}' and is_known) as knows_{{ period }},
        {%- endfor %}
        min(first_day) as first_day
    from windows
    group by campaign_id
    having bool_or(is_known)
),

-- Products that sold nothing at all belong here too: they are the slowest.
stacked as (
    select campaigns.campaign_id, products.sku, true as is_listed, null as period, 0 as units
    from campaigns
    inner join {{ ref('stg_products') }} as products
        on products.launched_on is null or campaigns.first_day >= products.launched_on
    union all
    select campaign_id, sku, false as is_listed, period, units from sold
),

counted as (
    select
        stacked.campaign_id,
        stacked.sku,
        bool_or(stacked.is_listed) as is_listed,
        {%- for period in ['before', 'during', 'after'] %}
        case
            when bool_or(campaigns.knows_{{ period }})
                then cast(coalesce(sum(stacked.units) filter (where stacked.period = '{{ period }}'), 0) as bigint)
        end as units_{{ period }}{{ ',' if not loop.last }}
        {%- endfor %}
    from stacked
    inner join campaigns on stacked.campaign_id = campaigns.campaign_id
    group by stacked.campaign_id, stacked.sku
),

compared as (
    select
        *,
        sum(case when is_listed then 1 else 0 end) over (partition by campaign_id) as listed_skus,
        sum(case when is_listed then units_before else 0 end) over (partition by campaign_id) as listed_units_before
    from counted
),

final as (
    select
        campaign_id, sku, units_before, units_during, units_after,
        {{ ratio('units_during - units_before', 'units_before') }} as uplift,
        case
            when units_before is not null
                then
                    is_listed
                    and units_before * listed_skus < {{ var('slow_mover_share') }} * listed_units_before
        end as is_slow_mover
    from compared
)

select * from final
