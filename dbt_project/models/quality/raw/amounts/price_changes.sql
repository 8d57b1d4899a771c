{# A price, cost or rate against the snapshot before: one row per export and figure. #}
{% set figures = [
    ('products', 'list_price', 'sku', source('raw', 'products')), ('products', 'unit_cost', 'sku', source('raw', 'products')),
    ('fx_rates', 'rate', 'currency', 'newest_rates')
] %}
with {% for export in ('products', 'fx_rates') %}{{ export }}_dates as (

    select
        max(case when _business_date > {{ unpublished_since() }} then _business_date end) as new_date,
        max(case when _business_date <= {{ unpublished_since() }} then _business_date end) as last_date
    from {{ source('raw', export) }}
    where
        _business_date <= {{ business_date() }}
        and _business_date >= {{ level_begins(['prices_changed', 'rates_jumped'], export) }}

),

{% endfor %}newest_rates as (

    {{ newest_by(
        source('raw', 'fx_rates'), ['_business_date', 'currency'], ['_business_date', 'currency', 'rate'],
        'rate_date desc nulls last, _line desc, _load_id desc', '_business_date <= ' ~ business_date()
    ) }}

),

ratios as (

    {% for export, figure, key, relation in figures %}
    select
        '{{ export }}' as export,
        '{{ figure }}' as column_name,
        cast(coalesce(later.{{ figure }}, 0) as {{ type_double() }})
            / nullif(cast(earlier.{{ figure }} as {{ type_double() }}), 0) as ratio
    from {{ relation }} as earlier
    inner join {{ export }}_dates as dates on earlier._business_date = dates.last_date
    inner join {{ relation }} as later on earlier.{{ key }} = later.{{ key }} and dates.new_date = later._business_date
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

final as (

    select
        export,
        column_name,
        count(*) as row_count,
        count(*) filter (where ratio > 3 or ratio < 0.333) as rows_changed,
        {{ share('count(*) filter (where ratio > 3 or ratio < 0.333)', 'count(*)') }} as changed_share,
        coalesce(max(greatest(ratio, 1 / nullif(ratio, 0))), 1) as largest_change
    from ratios
    group by export, column_name

)

select * from final
