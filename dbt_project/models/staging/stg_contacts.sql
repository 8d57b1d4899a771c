-- Erased contacts are gone; a mention of one is emptied and the row stays.
with kept_versions as (
    select * from {{ ref('base_contacts') }}
),

final as (
    select
        kept_versions.contact_id,
        kept_versions.phone_hash,
        kept_versions.email_hash,
        kept_versions.unionid_hash,
        kept_versions.external_userid_hash,
        kept_versions.device_id_hash,
        kept_versions.gender,
        kept_versions.birth_year,
        kept_versions.city,
        kept_versions.city_tier,
        kept_versions.registered_at,
        kept_versions.source_channel_code,
        case
            when not exists (
                select 1 from {{ ref('stg_erased_contacts') }} as gone
                where gone.contact_id = kept_versions.referrer_contact_id
            ) then kept_versions.referrer_contact_id
        end as referrer_contact_id,
        kept_versions.store_id,
        kept_versions.community_id,
        kept_versions.sms_consent,
        kept_versions.email_consent,
        kept_versions.wechat_consent,
        kept_versions.app_push_consent,
        kept_versions.weibo_consent,
        kept_versions.deleted_at,
        kept_versions.updated_at,
        kept_versions._source as source,
        kept_versions._load_id,
        kept_versions._line,
        kept_versions._business_date
    from kept_versions
    where {{ not_erased('kept_versions') }}
)

select * from final
