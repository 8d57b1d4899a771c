-- Every version of a contact known by the business date, for what was true on a day in the past.
with versions as (
    select distinct on (contact_id, updated_at)
        contact_id, phone_hash, email_hash, unionid_hash, external_userid_hash, device_id_hash,
        sms_consent, email_consent, wechat_consent, app_push_consent, weibo_consent, deleted_at, updated_at
    from {{ source('raw', 'contacts') }}
    where _business_date <= {{ business_date() }}
    order by contact_id, updated_at, _business_date desc, _line desc, _load_id desc
),

final as (
    select * from versions
    where {{ not_erased('versions') }}
)

select * from final
