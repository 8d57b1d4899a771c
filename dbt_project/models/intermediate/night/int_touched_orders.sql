-- Orders whose figures this night may change: those that changed, and all of their users, as an order is counted in a
-- user's sequence. Empty where everything is built anew.
{{ config(indexes=[{'columns': ['order_id'], 'unique': true}]) }}
with users as (
    select distinct mapped.user_id
    from {{ ref('map_order_user') }} as mapped
    inner join {{ ref('int_changed_orders') }} as changed on mapped.order_id = changed.order_id
)

select order_id from {{ ref('int_changed_orders') }}
union
select mapped.order_id
from {{ ref('map_order_user') }} as mapped
inner join users on mapped.user_id = users.user_id
