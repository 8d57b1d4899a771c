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
        'touch_id', 'occurred_at', ['coalesce(contact_id, identifier)', 'occurred_at', 'channel_code'],
        'coalesce(contact_id, identifier) is not null'
    ],
    'events': [
        'event_id', 'occurred_at', ['coalesce(contact_id, identifier)', 'occurred_at', 'event_type', 'sku'],
        'coalesce(contact_id, identifier) is not null'
    ],
} %}
with {% for export, (key, at, same, is_whole) in exports.items() %}{{ export }}_ids as (

    select
        {{ key }} as row_id,
        {% for column in same %}{{ column }} as same_{{ loop.index }}, {% endfor %}
        min(case when is_new then 1 else 0 end) as is_new
    from {{ ref('recent_' ~ export) }}
    where
        {{ is_whole }}
        and {{ at }} >= (select min(newest.{{ at }}) from {{ ref('recent_' ~ export) }} as newest where newest.is_new)
    group by {{ key }}, {{ same | join(', ') }}

),

{{ export }}_groups as (

    select count(*) as ids, sum(is_new) as new_ids
    from {{ export }}_ids
    group by {% for column in same %}same_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}

),

{% endfor %}counted as (

    {% for export in exports %}
    select
        '{{ export }}' as export,
        cast(coalesce(sum(new_ids), 0) as bigint) as row_count,
        cast(coalesce(sum(new_ids) filter (where ids > 1), 0) as bigint) as repeated
    from {{ export }}_groups
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
