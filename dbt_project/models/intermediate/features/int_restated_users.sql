-- Users whose settled days this night takes anew: those it may have changed, and those whom others changed. Compared
-- with what the last night read; empty where everything is built anew.
{{ config(indexes=[{'columns': ['user_id'], 'unique': true}]) }}
{% if builds_on_last_night() %}
with settled as (
    select as_of from {{ ref('int_feature_days') }} where is_settled
),

moved as (
    (
        select * from {{ ref('int_shared_figures') }} where as_of in (select as_of from settled)
        except
        select * from {{ target.schema }}.int_shared_figures_read
    )
    union all
    (
        select * from {{ target.schema }}.int_shared_figures_read where as_of in (select as_of from settled)
        except
        select * from {{ ref('int_shared_figures') }}
    )
),

channels as (
    {{ changed_since_last_night(ref('stg_channels'), 'int_channels_read', ['channel_code'], ['domain', 'is_paid']) }}
)

select user_id from {{ ref('int_touched_users') }}
union
select user_id from moved
union
select users.user_id
from {{ ref('int_users_acquired') }} as users
inner join channels on users.acquired_channel_code = channels.channel_code
{% else %}
select null::text as user_id
from {{ ref('int_feature_days') }}
where false
{% endif %}
