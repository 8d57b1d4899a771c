-- One row per community × day on which users living there had their first counted order.
select
    contacts.community_id,
    users.first_order_day,
    cast(count(*) as int) as consumer_users
from {{ ref('int_users_acquired') }} as users
inner join {{ ref('int_users_contacts') }} as contacts on users.user_id = contacts.user_id
where users.first_order_day <= {{ business_date() }} and contacts.community_id is not null
group by contacts.community_id, users.first_order_day
