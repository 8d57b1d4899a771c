{% set tomorrow = start_of_day(days_back(-1)) %}
with counted as (

    select 'orders' as export, greatest(placed_at, coalesce(paid_at, placed_at)) >= {{ tomorrow }} as is_ahead
    from {{ ref('recent_orders') }}
    where is_new
    union all
    select 'touches' as export, occurred_at >= {{ tomorrow }} as is_ahead
    from {{ ref('recent_touches') }}
    where is_new

),

sums as (

    select export, count(*) as row_count, count(*) filter (where is_ahead) as rows_ahead
    from counted
    group by export

),

final as (

    select
        *,
        {{ share('rows_ahead', 'row_count') }} as ahead_share,
        {{ share_of_many('rows_ahead', 'row_count') }} as ahead_share_of_many
    from sums

)

select * from final
