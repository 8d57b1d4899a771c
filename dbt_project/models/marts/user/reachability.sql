with users as (
    select * from {{ ref('int_users_reachability') }}
),

media as (
    {%- for medium in ['sms', 'email', 'wechat', 'app', 'weibo'] %}
    select '{{ medium }}' as medium
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

everyone as (
    -- Deleted contacts too: the share is of users with a contact.
    select count(distinct user_id) as users from {{ ref('map_contact_user') }}
),

final as (
    select
        media.medium,
        case
            when media.medium <> 'weibo' then cast(count(*) filter (where users.has_identifier) as int)
        end as with_identifier,
        cast(count(*) filter (where users.has_consent) as int) as with_consent,
        cast(count(*) filter (where users.is_reachable) as int) as reachable,
        {{ ratio('count(*) filter (where users.is_reachable)', 'max(everyone.users)') }} as share
    from media
    cross join everyone
    left join users on media.medium = users.medium
    group by media.medium
)

select * from final
