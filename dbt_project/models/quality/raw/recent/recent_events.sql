with versions as (

    select
        event_id,
        occurred_at,
        event_type,
        contact_id,
        sku,
        campaign_id,
        device_id_hash as identifier,
        updated_at,
        _load_id,
        _line,
        _business_date,
        _business_date > {{ unpublished_since() }} as is_new
    from {{ source('raw', 'events') }}
    where _business_date <= {{ business_date() }}

),

final as (

    select
        *,
        {{ local_day('occurred_at') }} as day,
        row_number() over (partition by event_id, is_new order by {{ newest_first() }}) = 1 as is_latest
    from versions
    where is_new or occurred_at >= {{ start_of_day(days_back(63)) }}

)

select * from final
