-- One row per campaign × user in the comparison of pushed users with users like them who were not pushed.
-- Control users get an index day drawn by a hash from the pushed users' first days, so that both groups face the
-- same days. Both must have been acquired, and reachable by a medium of the campaign, at the end of the day before.
with campaigns as (

    select campaign_id, {{ hash_32('campaign_id') }} as campaign_hash
    from (select distinct campaign_id from {{ ref('int_campaign_draws') }}) as pushing

),

everyone as (

    select user_id, {{ hash_32('user_id') }} as user_hash
    from (select distinct user_id from {{ ref('int_contact_reach_spans') }}) as reached

),

pairs as (

    select campaigns.*, everyone.*
    from campaigns
    cross join everyone

),

-- The hash of user and campaign, out of 2^32, in thousandths.
dated as (

    select
        pairs.campaign_id,
        pairs.user_id,
        draws.media,
        pushed.user_id is not null as is_pushed,
        coalesce(pushed.first_day, draws.index_day) as index_day
    from pairs
    inner join {{ ref('int_campaign_draws') }} as draws
        on pairs.campaign_id = draws.campaign_id
        and ((pairs.user_hash + pairs.campaign_hash) % 4294967296) * 1000 / 4294967296 = draws.draw
    left join {{ ref('int_campaign_first_pushes') }} as pushed
        on pairs.campaign_id = pushed.campaign_id and pairs.user_id = pushed.user_id

),

members as (

    select dated.campaign_id, dated.user_id, dated.is_pushed, dated.index_day, spans.stage
    from dated
    inner join {{ ref('int_lifecycle_spans') }} as spans
        on dated.user_id = spans.user_id and dated.index_day - 1 between spans.valid_from and spans.valid_to
    where
        exists (
            select 1 from {{ ref('int_contact_reach_spans') }} as reach
            where
                reach.user_id = dated.user_id
                and dated.index_day - 1 between reach.reachable_from and reach.reachable_to
                and reach.medium = any(string_to_array(dated.media, ','))
        )

),

buyers as (

    select distinct members.campaign_id, members.user_id
    from members
    inner join {{ ref('int_orders_counted') }} as orders on members.user_id = orders.user_id
    where orders.order_day - members.index_day between 0 and {{ var('campaign_response_days') }} - 1

)

select members.*, buyers.user_id is not null as is_buyer
from members
left join buyers on members.campaign_id = buyers.campaign_id and members.user_id = buyers.user_id
