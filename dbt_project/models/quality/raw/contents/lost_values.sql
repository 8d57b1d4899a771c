{% set exports = judged_columns() %}
with {% for export, judged in exports.items() %}{{ export }}_new as (

    select {{ filled_cells(judged) }}
    from {{ ref('recent_' ~ export) }}
    where is_new and is_latest

),

{{ export }}_before as (

    select {{ filled_cells(judged) }}
    from {{ ref('recent_' ~ export) }}
    where
        not is_new
        and is_latest
        and _business_date >= {{ level_begins(['values_lost'], export) }}

),

{{ export }}_counted as (

    select
        {% for name in judged.columns %}
        count(*) filter (where earlier.has_{{ name }}) as {{ name }}_before,
        count(*) filter (where earlier.has_{{ name }} and not later.has_{{ name }}) as {{ name }}_lost
        {{- ',' if not loop.last }}
        {% endfor %}
    from {{ export }}_new as later
    -- An older correction that comes late changes nothing.
    inner join {{ export }}_before as earlier
        on later.{{ judged.key }} = earlier.{{ judged.key }} and later.updated_at >= earlier.updated_at

),

{% endfor %}counted as (

    {% for export, judged in exports.items() %}{% set last_export = loop.last %}
    {% for name in judged.columns %}
    select '{{ export }}' as export, '{{ name }}' as column_name, {{ name }}_before as values_before, {{ name }}_lost as values_lost
    from {{ export }}_counted
    {% if not (last_export and loop.last) %}union all{% endif %}
    {% endfor %}{% endfor %}

),

final as (

    select
        export,
        column_name,
        values_before,
        values_lost,
        case
            when values_lost >= 4 and column_name not in ({{ places() }})
                then {{ share('values_lost', 'values_before') }}
            else 0
        end as lost_share
    from counted
    where values_before > 0

)

select * from final
