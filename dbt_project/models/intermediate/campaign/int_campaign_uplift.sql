-- One row per campaign with pushed users whose days of response are over: the share of them who bought against that of
-- control users, weighted to the pushed users' mix of lifecycle stages. Stages without one of the groups are left out.
with stages as (
    select
        campaign_id,
        stage,
        count(*) filter (where is_pushed) as pushed,
        count(*) filter (where is_pushed and is_buyer) as pushed_buyers,
        count(*) filter (where not is_pushed) as control,
        count(*) filter (where not is_pushed and is_buyer) as control_buyers
    from {{ ref('int_campaign_users') }}
    where index_day <= {{ add_days(business_date(), -var('campaign_response_days')) }}
    group by campaign_id, stage
),

compared as (
    select
        *,
        {{ quotient('pushed', 'sum(pushed) over (partition by campaign_id)') }} as weight,
        {{ quotient('control_buyers', 'control') }} as control_rate,
        -- Agresti and Caffo (2000): one buyer and one other added to each group, for the centre of the interval and its
        -- width alike. Without them a small group of which nobody bought would pass for certain; about the plain
        -- difference the interval of small groups would hold too seldom.
        {{ quotient('pushed_buyers + 1', 'pushed + 2') }} as pushed_spread,
        {{ quotient('control_buyers + 1', 'control + 2') }} as control_spread
    from stages
    where pushed > 0 and control > 0
),

estimated as (
    select
        campaign_id,
        sum(pushed) as compared_users,
        sum(pushed_buyers) as compared_buyers,
        sum(control) as control_users,
        {{ quotient('sum(pushed_buyers)', 'sum(pushed)') }} as order_rate,
        sum(weight * control_rate) as control_order_rate,
        sum(weight * (pushed_spread - control_spread)) as centre,
        {{ var('confidence_z') }} * sqrt(sum(
            weight * weight * (
                pushed_spread * (1 - pushed_spread) / (pushed + 2)
                + control_spread * (1 - control_spread) / (control + 2)
            )
        )) as half_width
    from compared
    group by campaign_id
),

final as (
    select
        campaigns.campaign_id,
        cast(coalesce(estimated.compared_users, 0) as bigint) as compared_users,
        cast(coalesce(estimated.control_users, 0) as bigint) as control_users,
        {{ ratio('estimated.compared_buyers', 'estimated.compared_users') }} as order_rate,
        {{ six_places('estimated.control_order_rate') }} as control_order_rate,
        {{ six_places('estimated.order_rate - estimated.control_order_rate') }} as uplift,
        {{ six_places('estimated.centre - estimated.half_width') }} as uplift_low,
        {{ six_places('estimated.centre + estimated.half_width') }} as uplift_high
    from (select distinct campaign_id from stages where pushed > 0) as campaigns
    left join estimated on campaigns.campaign_id = estimated.campaign_id
)

select * from final
