-- Orders whose figures this night may change: those that came or whose goods changed, and all of touched users.
-- Empty where everything is built anew.
{{ config(indexes=[{'columns': ['order_id'], 'unique': true}], post_hook='analyze {{ this }}') }}
select order_id from {{ ref('int_changed_rows') }} where order_id is not null
union
select order_id from {{ ref('int_changed_goods') }}
union
select row_id from {{ ref('int_identity_rows') }} where export = 'orders'
union
select orders.order_id
from {{ ref('map_order_user') }} as orders
inner join {{ ref('int_touched_users') }} as touched on orders.user_id = touched.user_id
