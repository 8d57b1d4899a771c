-- One row per campaign × user in the comparison of pushed users with users like them who were not pushed.
-- Control users get an index day drawn by a hash from the pushed users' first days, so that both groups face the
-- same days. Both must have been acquired, and reachable by a medium of the campaign, at the end of the day before.
with users as (
    select user_id, acquired_day, {{ thousandth_of('user_id') }} as thousandth
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ business_date() }}
),

dated as (
    select campaign_id, user_id, true as is_pushed, first_day as index_day
    from {{ ref('int_campaign_first_pushes') }}
    union all
    select draws.campaign_id, users.user_id, false as is_pushed, draws.index_day
    from users
    inner join {{ ref('int_campaign_draws') }} as draws
        on users.thousandth = draws.thousandth and users.acquired_day < draws.index_day
    left join {{ ref('int_campaign_first_pushes') }} as pushed
        on draws.campaign_id = pushed.campaign_id and users.user_id = pushed.user_id
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

index_days as (
    select distinct campaign_id, first_day as index_day from {{ ref('int_campaign_first_pushes') }}
),

buyers as (
    select distinct index_days.campaign_id, index_days.index_day, orders.user_id
    from index_days
    cross join ({{ number_spine(var('campaign_response_days') - 1) }}) as waited
    inner join {{ ref('int_orders_counted') }} as orders
        on {{ add_days('index_days.index_day', 'waited.n') }} = orders.order_day
    where orders.user_id is not null
),

final as (
    select members.*, buyers.user_id is not null as is_buyer
    from members
    left join buyers
        on
            members.campaign_id = buyers.campaign_id
            and members.index_day = buyers.index_day
            and members.user_id = buyers.user_id
)

select * from final
