{# Media by which people are written to: the flag of consent, and the identifiers that are addresses (weibo: none). #}
{% macro reach_media() %}
    {%- do return({
        'sms': {'flag': 'sms_consent', 'addresses': ['phone']},
        'email': {'flag': 'email_consent', 'addresses': ['email']},
        'wechat': {'flag': 'wechat_consent', 'addresses': ['unionid', 'external_userid']},
        'app': {'flag': 'app_push_consent', 'addresses': ['device_id']},
        'weibo': {'flag': 'weibo_consent', 'addresses': []},
    }) -%}
{% endmacro %}

{# The medium of a push as one to reach by: official account and WeCom are both WeChat. #}
{% macro reach_medium(medium) -%}
    case when {{ medium }} in ('wechat_oa', 'wecom') then 'wechat' else {{ medium }} end
{%- endmacro %}
