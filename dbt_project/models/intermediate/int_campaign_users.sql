-- One row per campaign × user in the comparison of pushed users with users like them who were not pushed.
-- Control users get an index day drawn by a hash from the pushed users' first days, so that both groups face the
-- same days. Both must have been acquired, and reachable by a medium of the campaign, at the end of the day before.
{% set days = var('campaign_response_days') %}
{% set draw = "('x' || left(md5({}), 8))::bit(32)::bigint" %}
with media as (

    select campaign_id, array_agg(medium) as media
    from (
        select distinct campaign_id, medium from {{ ref('int_pushes_users') }} where user_id is not null
    ) as used
    group by campaign_id

),

campaigns as (

    select campaign_id, max(seat) as pushed_users, {{ draw.format('campaign_id') }} as campaign_draw
    from {{ ref('int_campaign_first_pushes') }}
    group by campaign_id

),

everyone as (

    select user_id, {{ draw.format('user_id') }} as user_draw
    from (select distinct user_id from {{ ref('int_contact_reach_spans') }}) as reached

),

-- Of a user not pushed, the draw of user and campaign, out of 2^32, names a seat among the pushed ones.
seated as (

    select
        campaigns.campaign_id,
        everyone.user_id,
        own.user_id is not null as is_pushed,
        coalesce(
            own.seat,
            1 + ((everyone.user_draw + campaigns.campaign_draw) % 4294967296) * campaigns.pushed_users / 4294967296
        ) as seat
    from campaigns
    cross join everyone
    left join {{ ref('int_campaign_first_pushes') }} as own
        on campaigns.campaign_id = own.campaign_id and everyone.user_id = own.user_id

),

dated as (

    select
        seated.campaign_id,
        seated.user_id,
        seated.is_pushed,
        pushed.first_day as index_day
    from seated
    inner join {{ ref('int_campaign_first_pushes') }} as pushed
        on seated.campaign_id = pushed.campaign_id and seated.seat = pushed.seat
    where {{ business_date() }} - pushed.first_day >= {{ days }}

),

members as (

    select dated.*, spans.stage
    from dated
    inner join media on dated.campaign_id = media.campaign_id
    inner join {{ ref('int_lifecycle_spans') }} as spans
        on dated.user_id = spans.user_id
        and dated.index_day - 1 between spans.valid_from and spans.valid_to
    where
        exists (
            select 1 from {{ ref('int_contact_reach_spans') }} as reach
            where
                reach.user_id = dated.user_id
                and dated.index_day - 1 between reach.reachable_from and reach.reachable_to
                and reach.medium = any(media.media)
        )

),

buyers as (

    select distinct members.campaign_id, members.user_id
    from members
    inner join {{ ref('int_orders_counted') }} as orders on members.user_id = orders.user_id
    where orders.order_day - members.index_day between 0 and {{ days }} - 1

)

select
    members.campaign_id,
    members.user_id,
    members.is_pushed,
    members.index_day,
    members.stage,
    buyers.user_id is not null as is_buyer
from members
left join buyers on members.campaign_id = buyers.campaign_id and members.user_id = buyers.user_id
