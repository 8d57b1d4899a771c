-- Every version of a contact, one an instant of change; the later delivery of an instant stands.
{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key=['contact_id', 'updated_at'],
    indexes=[{'columns': ['contact_id', 'updated_at'], 'unique': true}]
) }}
{% set columns = [
    'contact_id', 'phone_hash', 'email_hash', 'unionid_hash', 'external_userid_hash', 'device_id_hash',
    'sms_consent', 'email_consent', 'wechat_consent', 'app_push_consent', 'weibo_consent', 'deleted_at', 'updated_at',
    '_load_id', '_line', '_business_date',
] | join(', ') %}
with versions as (
    select {{ columns }}
    from {{ source('raw', 'contacts') }}
    where {{ in_new_loads() if builds_on_last_night() else '_business_date <= ' ~ business_date() }}
    {% if builds_on_last_night() %}
    union all
    select {{ columns }}
    from {{ this }}
    where contact_id in (select contact_id from {{ source('raw', 'contacts') }} where {{ in_new_loads() }})
    {% endif %}
)

select distinct on (contact_id, updated_at) {{ columns }}
from versions
order by contact_id, updated_at, _business_date desc, _line desc, _load_id desc
