-- Users whom time alone changes between the last built date and this one: a stage begins, a one-time buyer becomes
-- one, a membership begins or ends, a year ends (age groups). Read as the last night left them.
{% set schema = target.schema %}
{% set since = '(select business_date from ' ~ source('meta', 'build_state') ~ ')' %}
{% if builds_on_last_night() %}
select user_id
from {{ schema }}.int_lifecycle_timeline
where valid_from > {{ since }} and valid_from <= {{ business_date() }}
union
select user_id
from {{ schema }}.int_users_acquired
where
    orders = 1
    and first_order_day > {{ since }} - {{ var('one_time_days') }}
    and first_order_day <= {{ business_date() }} - {{ var('one_time_days') }}
union
select users.user_id
from {{ ref('base_memberships') }} as members
inner join {{ schema }}.map_contact_user as users on members.contact_id = users.contact_id
cross join lateral (values (members.effective_at), (members.expires_at)) as turns (instant)
where
    {{ local_day('turns.instant') }} > {{ since }}
    and {{ local_day('turns.instant') }} <= {{ business_date() }}
union
select user_id
from {{ schema }}.int_users_contacts
where birth_year is not null and extract(year from {{ since }}) < extract(year from {{ business_date() }})
{% else %}
select null::text as user_id
from {{ ref('base_memberships') }}
where false
{% endif %}
