-- One row per user × tag × value: on which checkpoints of int_feature_days the user bears it (bit n − 1 for number n),
-- and its score on D. A night changes the rows that int_retags names.
-- depends_on: {{ ref('int_judged_tag_masks') }} {{ ref('int_users_acquired') }}
{% if builds_on_last_night() %}
select * from {{ ref('int_retags') }} where mask is not null
{% else %}
select masks.*, users.acquired_day
from {{ ref('int_judged_tag_masks') }} as masks
inner join {{ ref('int_users_acquired') }} as users on masks.user_id = users.user_id
{% endif %}
