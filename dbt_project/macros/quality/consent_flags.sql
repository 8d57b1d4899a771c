{# The consent flags of a contact. #}
{% macro consent_flags() -%}
    {%- do return(['sms_consent', 'email_consent', 'wechat_consent', 'app_push_consent', 'weibo_consent']) -%}
{%- endmacro %}
