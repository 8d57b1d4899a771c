{# By which media a contact can be reached: the consent each asks for, and the identifier it needs. #}
{% macro reach_media() %}
    {%- do return({
        'sms': ['sms_consent', 'contacts.phone_hash is not null'],
        'email': ['email_consent', 'contacts.email_hash is not null'],
        'wechat': [
            'wechat_consent', '(contacts.unionid_hash is not null or contacts.external_userid_hash is not null)'
        ],
        'app': ['app_push_consent', 'contacts.device_id_hash is not null'],
        'weibo': ['weibo_consent', 'true'],
    }) -%}
{% endmacro %}

{# The medium of a push as one to reach by: official account and WeCom are both WeChat. #}
{% macro reach_medium(medium) -%}
    case when {{ medium }} in ('wechat_oa', 'wecom') then 'wechat' else {{ medium }} end
{%- endmacro %}

{# The identifier a contact is reached with by each medium: its kind and its hash. Weibo needs none. #}
{% macro reach_identifiers() %}
    {%- do return({
        'sms': ["'phone'", 'contacts.phone_hash'],
        'email': ["'email'", 'contacts.email_hash'],
        'wechat': [
            "case when contacts.external_userid_hash is null then 'unionid' else 'external_userid' end",
            'coalesce(contacts.external_userid_hash, contacts.unionid_hash)'
        ],
        'app': ["'device_id'", 'contacts.device_id_hash'],
        'weibo': ['null', 'null'],
    }) -%}
{% endmacro %}
