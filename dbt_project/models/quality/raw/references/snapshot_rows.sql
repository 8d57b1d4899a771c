{% set exports = {
    'channels': 'channel_code', 'products': 'sku', 'stores': 'store_id', 'communities': 'community_id',
    'groups': 'group_id', 'staff': 'staff_id'
} %}
with {% for export in exports %}{{ export }}_dates as (

    select
        max(case when _business_date > {{ unpublished_since() }} then _business_date end) as new_date,
        max(case when _business_date <= {{ unpublished_since() }} then _business_date end) as last_date
    from {{ source('raw', export) }}
    where
        _business_date <= {{ business_date() }}
        and _business_date >= {{ level_begins(['snapshot_shrunk', 'snapshot_rows_gone'], export) }}

),

{% endfor %}compared as (

    {% for export, key in exports.items() %}
    select '{{ export }}' as export, earlier.row_id, later.row_id is null as is_lost
    from (
        select distinct {{ key }} as row_id
        from {{ source('raw', export) }}
        where _business_date = (select last_date from {{ export }}_dates)
    ) as earlier
    left join (
        select distinct {{ key }} as row_id
        from {{ source('raw', export) }}
        where _business_date = (select new_date from {{ export }}_dates)
    ) as later on earlier.row_id = later.row_id
    where exists (select 1 from {{ export }}_dates where new_date is not null)
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

sums as (

    select export, count(*) as rows_before, count(*) filter (where is_lost) as rows_lost
    from compared
    group by export

),

final as (

    select
        *,
        case when rows_lost >= 2 then {{ share('rows_lost', 'rows_before') }} else 0 end as lost_share,
        {{ share_of_many('rows_lost', 'rows_before') }} as lost_share_of_many
    from sums

)

select * from final
