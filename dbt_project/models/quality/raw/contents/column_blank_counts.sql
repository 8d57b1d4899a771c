{{ config(materialized='view') }}
{% set exports = judged_columns() %}
with {% for export, judged in exports.items() %}{{ export }} as (

    select
        is_new,
        day,
        coalesce({{ judged.stratum }}, '') as stratum,
        {% for name, (value, applies) in judged.columns.items() %}
        count(*) filter (where {{ applies }}) as {{ name }}_rows,
        count(*) filter (where {{ applies }} and {{ value }} is null) as {{ name }}_empty,
        count(*) filter (where {{ applies }} and {{ cell_text(value) }} in ({{ words_for_nothing() }})) as {{ name }}_word
        {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('recent_' ~ export) }}
    where is_latest and (is_new or day >= {{ days_back(28) }})
    group by is_new, day, coalesce({{ judged.stratum }}, '')

),

{% endfor %}final as (

    {% for export, judged in exports.items() %}{% set last_export = loop.last %}
    {% for name in judged.columns %}{% set last_column = loop.last %}
    {% for kind in ('empty', 'word') %}
    select
        '{{ export }}' as export, '{{ name }}' as column_name, '{{ kind }}' as kind, is_new, day,
        {{ 'stratum' if name != judged.stratum else "'' as stratum" }},
        {{ name }}_rows as row_count, {{ name }}_{{ kind }} as blanks
    from {{ export }}
    where
        {{ name }}_rows > 0
        and (is_new or day >= {{ level_begins(['cells_emptied', 'cells_emptier'], export, name) }})
    {% if not (last_export and last_column and loop.last) %}union all{% endif %}
    {% endfor %}{% endfor %}{% endfor %}

)

select * from final
