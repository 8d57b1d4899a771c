{#
    What makes two rows the same happening under two ids. By chance two of the same person and second are rare, not
    impossible.
#}
{% set exports = {
    'orders': [
        'order_id', 'paid_at', ['contact_id', 'paid_at', 'paid_amount'],
        'contact_id is not null and paid_at is not null and paid_amount > 0'
    ],
    'touches': [
        'touch_id', 'occurred_at', ['coalesce(contact_id, identifier)', 'occurred_at', "coalesce(channel_code, '')"],
        'coalesce(contact_id, identifier) is not null'
    ],
    'events': [
        'event_id', 'occurred_at',
        ['coalesce(contact_id, identifier)', 'occurred_at', 'event_type', "coalesce(sku, '')"],
        'coalesce(contact_id, identifier) is not null'
    ],
} %}
with {% for export, (key, at, same, is_whole) in exports.items() %}{{ export }}_happenings as (

    select
        {{ key }} as row_id,
        is_new,
        is_latest
        {%- for column in same %},
        {{ column }} as same_{{ loop.index }}
        {%- endfor %}
    from {{ ref('recent_' ~ export) }}
    where
        {{ is_whole }}
        and {{ at }} >= (select min(newest.{{ at }}) from {{ ref('recent_' ~ export) }} as newest where newest.is_new)

),

{{ export }}_shared as (

    select {% for column in same %}same_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ export }}_happenings
    group by {% for column in same %}same_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    having min(row_id) <> max(row_id)

),

{{ export }}_repeated as (

    select count(distinct happenings.row_id) as repeated
    from {{ export }}_happenings as happenings
    inner join {{ export }}_shared as shared
        on
            {%- for column in same %}
            {{ 'and ' if not loop.first }}happenings.same_{{ loop.index }} = shared.same_{{ loop.index }}
            {%- endfor %}
    where happenings.is_new

),

{{ export }}_counted as (

    select count(*) filter (where is_new and is_latest) as row_count from {{ export }}_happenings

),

{% endfor %}counted as (

    {% for export in exports %}
    select '{{ export }}' as export, counted.row_count, repeated.repeated
    from {{ export }}_counted as counted
    cross join {{ export }}_repeated as repeated
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

final as (

    select
        *,
        {{ share('repeated', 'row_count') }} as repeated_share
    from counted

)

select * from final
