-- When a row first carried an identifier, over all its versions: a re-delivery does not make a link younger.
{% set exports = {
    'contacts': ['contact_id', ['phone', 'email', 'unionid', 'external_userid', 'device_id']],
    'orders': ['order_id', ['phone', 'unionid', 'device_id']],
    'touches': ['touch_id', ['phone', 'email', 'unionid', 'device_id']],
    'events': ['event_id', ['device_id']],
} %}
{% for export, (key, hashes) in exports.items() %}
select
    '{{ export }}' as export, rows.{{ key }} as row_id, pairs.kind, pairs.identifier,
    min(rows._business_date) as first_carried
from {{ source('raw', export) }} as rows
cross join lateral (
    values
    ('contact_id', rows.contact_id)
    {%- for hash in hashes %},
    ('{{ hash }}', rows.{{ hash }}_hash)
    {%- endfor %}
) as pairs (kind, identifier)
where pairs.identifier is not null and rows._business_date <= {{ business_date() }}
group by rows.{{ key }}, pairs.kind, pairs.identifier
{% if not loop.last %}union all{% endif %}
{% endfor %}
