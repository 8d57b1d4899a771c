-- Users whom this night may change; every model of users replaces their rows and leaves the others. Empty where
-- everything is built anew.
{{ config(indexes=[{'columns': ['user_id'], 'unique': true}]) }}
{% if builds_on_last_night() %}
with changed as (
    select * from {{ ref('int_changed_rows') }}
),

contacts as (
    select contact_id from changed where contact_id is not null
    union
    -- Who names a contact that went over to another user as referrer.
    select referred.contact_id
    from {{ ref('base_contacts') }} as referred
    inner join {{ ref('int_identity_scope') }} as scope
        on referred.referrer_contact_id = scope.identifier and scope.kind = 'contact_id'
),

orders as (
    select order_id from {{ ref('int_changed_orders') }}
),

final as (
    select user_id_before as user_id from {{ ref('int_identity_scope') }} where user_id_before is not null
    union
    select components.user_id
    from {{ ref('int_identity_scope') }} as scope
    inner join {{ ref('int_identity_components') }} as components
        on scope.kind = components.kind and scope.identifier = components.identifier
    union
    select users.user_id from contacts inner join {{ ref('map_contact_user') }} as users using (contact_id)
    union
    select users.user_id from orders inner join {{ ref('map_order_user') }} as users using (order_id)
    {%- for export, key in {'touches': 'touch_id', 'events': 'event_id'}.items() %}
    union
    select users.user_id
    from changed
    inner join {{ ref('int_' ~ export ~ '_users') }} as users on changed.row_id = users.{{ key }}
    where changed.export = '{{ export }}'
    {%- endfor %}
    union
    -- An order that was a user by itself and is so no more.
    select {{ user_id_of("'order_id'", 'order_id') }} from orders
    union
    select user_id from {{ ref('int_turned_users') }}
)

select user_id from final
{% else %}
select null::text as user_id
from {{ ref('int_turned_users') }}
where false
{% endif %}
