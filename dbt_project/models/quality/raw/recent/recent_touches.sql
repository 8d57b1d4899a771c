with versions as (

    select
        touch_id,
        occurred_at,
        channel_code,
        campaign_id,
        touchpoint,
        contact_id,
        coalesce(phone_hash, email_hash, unionid_hash, device_id_hash) as identifier,
        updated_at,
        _load_id,
        _line,
        _business_date,
        _business_date > {{ unpublished_since() }} as is_new
    from {{ source('raw', 'touches') }}
    where _business_date <= {{ business_date() }}

),

final as (

    select
        *,
        {{ local_day('occurred_at') }} as day,
        row_number() over (partition by touch_id, is_new order by {{ newest_first() }}) = 1 as is_latest
    from versions
    where is_new or occurred_at >= {{ start_of_day(days_back(63)) }}

)

select * from final
