{#
    Rows by the day they tell of. What came later than its own day is left out, as the late rows of the business date
    are not here yet either; only the first folder may hold a whole past.
#}
{% set exports = {
    'orders': [ref('recent_orders'), 'order_id', 'paid_at', 'sales_channel', "status <> 'cancelled'"],
    'touches': [ref('recent_touches'), 'touch_id', 'occurred_at', 'channel_code', 'true'],
    'events': [ref('recent_events'), 'event_id', 'occurred_at', 'event_type', 'true'],
    'contacts': [ref('recent_contacts'), 'contact_id', 'registered_at', 'source_channel_code', 'true'],
    'friendships': [
        source('raw', 'friendships'), "staff_id || ' ' || contact_id", 'added_at', 'add_way',
        '_business_date <= ' ~ business_date()
    ],
} %}
with happened as (

    {% for export, (relation, key, at, stratum, applies) in exports.items() %}
    select
        '{{ export }}' as export, coalesce({{ stratum }}, '') as stratum, {{ key }} as row_id, _business_date,
        {{ local_day(at) }} as day
    from {{ relation }}
    where {{ applies }} and {{ at }} >= {{ start_of_day(days_back(63)) }} and {{ at }} < {{ start_of_day(days_back(-1)) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

final as (

    select export, stratum, day, count(distinct row_id) as row_count
    from happened
    where
        _business_date <= day
        or _business_date = (
            select min(files.business_date) from {{ source('meta', 'load_files') }} as files where files.state = 'loaded'
        )
    group by export, stratum, day

)

select * from final
