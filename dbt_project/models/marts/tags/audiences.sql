with members as (
    select
        audience_code,
        count(*) as size,
        count(*) filter (where is_tired) as tired,
        {%- for medium in ['sms', 'email', 'wechat', 'app', 'weibo'] %}
        count(*) filter (where may_{{ medium }}) as reachable_{{ medium }},
        {%- endfor %}
        count(*) filter (where may_sms or may_email or may_wechat or may_app or may_weibo) as reachable_any
    from {{ ref('int_audience_members') }}
    group by audience_code
),

everyone as (
    select count(*) as users
    from {{ ref('int_users_acquired') }}
    where acquired_day <= {{ business_date() }}
),

final as (
    select
        declared.audience_code, declared.audience_name, declared.audience_name_zh, declared.scenario, declared.owner,
        declared.decision, declared.rule, declared.rule_words,
        coalesce(members.size, 0) as size,
        {{ ratio('coalesce(members.size, 0)', 'everyone.users') }} as share,
        coalesce(members.tired, 0) as tired,
        {%- for medium in ['sms', 'email', 'wechat', 'app', 'weibo', 'any'] %}
        coalesce(members.reachable_{{ medium }}, 0) as reachable_{{ medium }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source('config', 'config_audiences') }} as declared
    cross join everyone
    left join members on declared.audience_code = members.audience_code
)

select * from final
