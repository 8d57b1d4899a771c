select audience_code, user_id, is_tired, may_sms, may_email, may_wechat, may_app, may_weibo
from {{ ref('int_audience_members') }}
