with final as (

    select
        export,
        business_date,
        business_date > {{ unpublished_since() }} as is_new,
        cast(sum(rows_in_file) as {{ type_double() }}) as row_count,
        cast(sum(rows_quarantined) as {{ type_double() }}) as set_aside
    from {{ source('meta', 'load_files') }}
    where state = 'loaded' and business_date <= {{ business_date() }}
    group by export, business_date

)

select * from final
