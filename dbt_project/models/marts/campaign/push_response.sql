{% set top = var('push_band_top') %}
with ordered as (
    select distinct push_id from {{ ref('int_pushes_orders') }}
),

banded as (
    select
        pushes.*,
        cast(least(pushes.pushes_7d, {{ top }}) as int) as band,
        {{ days_between(business_date(), 'pushes.sent_day') }} >= {{ var('campaign_response_days') }} as is_mature,
        ordered.push_id is not null as is_followed
    from {{ ref('int_pushes_users') }} as pushes
    left join ordered on pushes.push_id = ordered.push_id
    where pushes.is_delivered and pushes.user_id is not null
),

final as (
    select
        case
            when band = {{ top }} then '{{ top }}+' else cast(band as {{ dbt.type_string() }})
        end as pushes_7d_band,
        count(*) as delivered,
        count(distinct user_id) as users,
        {{ ratio('count(*) filter (where is_opened)', 'count(*)') }} as open_rate,
        {{ ratio('count(*) filter (where is_clicked)', 'count(*)') }} as click_rate,
        {{ ratio('count(*) filter (where is_unsubscribed)', 'count(*)') }} as unsubscribe_rate,
        {{ ratio('count(*) filter (where is_mature and is_followed)', 'count(*) filter (where is_mature)') }}
            as order_rate
    from banded
    group by band
)

select * from final
