-- Orders of each source that brought some since the published version: none of them paid is a mapping that lost it.
with sums as (

    select
        _source as source,
        count(*) as row_count,
        count(paid_at) as rows_paid,
        count(*) filter (where _business_date > {{ unpublished_since() }}) as new_rows
    from {{ source('raw', 'orders') }}
    where _business_date <= {{ business_date() }} and not coalesce(is_test, false)
    group by _source

),

final as (

    select
        'orders' as export,
        source,
        row_count as orders,
        rows_paid as orders_paid,
        {{ share('rows_paid', 'row_count') }} as paid_share
    from sums
    where new_rows > 0

)

select * from final
