-- Every version of a contact, one an instant of change; the later delivery of an instant stands.
{{ config(
    materialized='incremental', incremental_strategy='replace',
    replaced="contact_id in (select row_id from " ~ target.schema ~ ".int_changed_rows where export = 'contacts')",
    indexes=[{'columns': ['contact_id', 'updated_at'], 'unique': true}]
) }}
{% set columns = [
    'contact_id', 'phone_hash', 'email_hash', 'unionid_hash', 'external_userid_hash', 'device_id_hash',
    'sms_consent', 'email_consent', 'wechat_consent', 'app_push_consent', 'weibo_consent', 'deleted_at', 'updated_at',
    '_load_id', '_line', '_business_date',
] | join(', ') %}
with versions as (
    {{ raw_rows('contacts', ['contact_id'], columns) }}
    {% if builds_on_last_night() %}
    union all
    select {{ columns }}
    from {{ this }}
    where
        contact_id in (select row_id from {{ ref('int_changed_rows') }} where export = 'contacts')
        and not ({{ in_erasure_rows('contacts', ['contact_id']) }})
    {% endif %}
)

select distinct on (contact_id, updated_at) {{ columns }}
from versions
order by contact_id, updated_at, _business_date desc, _line desc, _load_id desc
