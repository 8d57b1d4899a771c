with versions as (

    select
        contact_id,
        phone_hash,
        email_hash,
        unionid_hash,
        gender,
        birth_year,
        city,
        registered_at,
        source_channel_code,
        sms_consent,
        email_consent,
        wechat_consent,
        app_push_consent,
        weibo_consent,
        updated_at,
        _load_id,
        _line,
        _business_date,
        _business_date > {{ unpublished_since() }} as is_new
    from {{ source('raw', 'contacts') }}
    where _business_date <= {{ business_date() }}

),

final as (

    select
        *,
        {{ local_day('coalesce(registered_at, updated_at)') }} as day,
        row_number() over (partition by contact_id, is_new order by {{ newest_first() }}) = 1 as is_latest
    from versions
    where is_new or updated_at >= {{ start_of_day(days_back(63)) }}

)

select * from final
