{% set last_day = business_date() %}
with listed as (
    select * from {{ ref('stg_campaigns') }}
),

pushes as (
    select * from {{ ref('int_campaign_pushes') }}
),

issued as (
    select campaign_id, face_value, coalesce({{ local_day('redeemed_at') }} <= {{ last_day }}, false) as is_redeemed
    from {{ ref('stg_coupons') }}
    where campaign_id is not null and {{ local_day('issued_at') }} <= {{ last_day }}
),

coupons as (
    select
        campaign_id,
        count(*) as coupons_issued,
        count(*) filter (where is_redeemed) as coupons_redeemed,
        sum(face_value) filter (where is_redeemed) as coupon_cost
    from issued
    group by campaign_id
),

advertising as (
    select campaign_id, sum(cost) as ad_cost
    from {{ ref('int_ad_costs') }}
    where campaign_id <> ''
    group by campaign_id
),

-- A campaign that the last list leaves out keeps its figures.
known as (
    select campaign_id from listed
    union
    select campaign_id from pushes
    union
    select campaign_id from coupons
    union
    select campaign_id from advertising
),

joined as (
    select
        known.campaign_id, listed.campaign_name, listed.scenario, listed.offer, listed.starts_on, listed.ends_on,
        {{ money('listed.budget') }} as budget,
        {%- for figure in ['pushes', 'pushed_users', 'delivered', 'opened', 'clicked', 'unsubscribed'] %}
        coalesce(pushes.{{ figure }}, 0) as {{ figure }},
        {%- endfor %}
        coalesce(pushes.is_mature, false) as is_mature,
        pushes.orders_7d, pushes.net_7d, pushes.margin_7d,
        coalesce(coupons.coupons_issued, 0) as coupons_issued,
        coalesce(coupons.coupons_redeemed, 0) as coupons_redeemed,
        {{ money('coalesce(advertising.ad_cost, 0)') }} as ad_cost,
        {{ money('coalesce(coupons.coupon_cost, 0)') }} as coupon_cost,
        {{ money('coalesce(advertising.ad_cost, 0) + coalesce(coupons.coupon_cost, 0)') }} as cost,
        uplift.compared_users, uplift.control_users, uplift.order_rate, uplift.control_order_rate,
        uplift.uplift, uplift.uplift_low, uplift.uplift_high
    from known
    left join listed on known.campaign_id = listed.campaign_id
    left join pushes on known.campaign_id = pushes.campaign_id
    left join coupons on known.campaign_id = coupons.campaign_id
    left join advertising on known.campaign_id = advertising.campaign_id
    left join {{ ref('int_campaign_uplift') }} as uplift on known.campaign_id = uplift.campaign_id
),

final as (
    select
        campaign_id, campaign_name, scenario, offer, starts_on, ends_on, budget,
        pushes, pushed_users, delivered, opened, clicked, unsubscribed,
        is_mature, orders_7d, {{ money('net_7d') }} as net_7d, {{ money('margin_7d') }} as margin_7d,
        coupons_issued, coupons_redeemed, ad_cost, coupon_cost, cost,
        -- The margin is what is left after the coupons: taking their value off again would count it twice.
        {{ ratio('margin_7d - ad_cost', 'cost') }} as roi,
        compared_users, control_users, order_rate, control_order_rate, uplift, uplift_low, uplift_high
    from joined
)

select * from final
