-- One row per acquired user whom another user brought. A referrer within the same user is none.
select
    users.user_id,
    referrers.user_id as referrer_user_id,
    users.acquired_at,
    users.acquired_month
from {{ ref('int_users_acquired') }} as users
inner join {{ ref('int_users_contacts') }} as contacts on users.user_id = contacts.user_id
inner join {{ ref('map_contact_user') }} as referrers on contacts.referrer_contact_id = referrers.contact_id
where users.acquired_day <= {{ business_date() }} and users.user_id <> referrers.user_id
