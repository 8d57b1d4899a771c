-- Every version of a contact, one an instant of change; the later delivery of an instant stands.
{{ newest_by(
    source('raw', 'contacts'), ['contact_id', 'updated_at'],
    [
        'contact_id', 'phone_hash', 'email_hash', 'unionid_hash', 'external_userid_hash', 'device_id_hash',
        'sms_consent', 'email_consent', 'wechat_consent', 'app_push_consent', 'weibo_consent', 'deleted_at',
        'updated_at', '_load_id', '_line', '_business_date',
    ],
    '_business_date desc, _line desc, _load_id desc',
    '_business_date <= ' ~ business_date()
) }}
