-- One row per campaign × user in the comparison of pushed users with users like them who were not pushed.
-- Control users get an index day drawn by a hash from the pushed users' first days, so that both groups face the
-- same days. Both must have been acquired, and reachable by a medium of the campaign, at the end of the day before.
with users as (
    select user_id, acquired_day, {{ thousandth_of('user_id') }} as thousandth
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ business_date() }}
    -- Grouped, so that no engine draws again for each campaign.
    group by user_id, acquired_day
),

pushed as (
    select campaign_id, user_id, first_day from {{ ref('int_campaign_first_pushes') }}
),

dated as (
    select campaign_id, user_id, true as is_pushed, first_day as index_day from pushed
    union all
    select draws.campaign_id, users.user_id, false as is_pushed, draws.index_day
    from users
    inner join {{ ref('int_campaign_draws') }} as draws
        on users.thousandth = draws.thousandth and users.acquired_day < draws.index_day
    left join pushed on draws.campaign_id = pushed.campaign_id and users.user_id = pushed.user_id
    where pushed.user_id is null
),

members as (
    select dated.campaign_id, dated.user_id, dated.is_pushed, dated.index_day, spans.stage
    from dated
    inner join {{ ref('int_campaign_pushes') }} as media on dated.campaign_id = media.campaign_id
    inner join {{ ref('int_lifecycle_spans') }} as spans
        on
            dated.user_id = spans.user_id
            and {{ add_days('dated.index_day', -1) }} between spans.valid_from and spans.valid_to
    where
        exists (
            select 1 from {{ ref('int_contact_reach_spans') }} as reach
            where
                dated.user_id = reach.user_id
                and {{ add_days('dated.index_day', -1) }} between reach.reachable_from and reach.reachable_to
                and case reach.medium
                    {%- for medium in reach_media() %}
                    when '{{ medium }}' then media.is_by_{{ medium }}
                    {%- endfor %}
                end
        )
),

buyers as (
    select distinct members.campaign_id, members.user_id
    from members
    inner join {{ ref('int_orders_counted') }} as orders on members.user_id = orders.user_id
    where
        {{ days_between('orders.order_day', 'members.index_day') }}
        between 0 and {{ var('campaign_response_days') }} - 1
),

final as (
    select members.*, buyers.user_id is not null as is_buyer
    from members
    left join buyers on members.campaign_id = buyers.campaign_id and members.user_id = buyers.user_id
)

select * from final
