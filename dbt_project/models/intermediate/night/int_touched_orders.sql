-- Orders whose figures this night may change: those that came, whose goods changed or whose identity moved, and all of
-- the users of these, as an order is counted in a user's sequence. Empty where everything is built anew.
{{ config(indexes=[{'columns': ['order_id'], 'unique': true}], post_hook='analyze {{ this }}') }}
with changed as (
    select order_id from {{ ref('int_changed_rows') }} where order_id is not null
    union
    select order_id from {{ ref('int_changed_goods') }}
    union
    select row_id from {{ ref('int_identity_rows') }} where export = 'orders'
),

users as (
    select distinct mapped.user_id
    from {{ ref('map_order_user') }} as mapped
    inner join changed on mapped.order_id = changed.order_id
)

select order_id from changed
union
select mapped.order_id
from {{ ref('map_order_user') }} as mapped
inner join users on mapped.user_id = users.user_id
