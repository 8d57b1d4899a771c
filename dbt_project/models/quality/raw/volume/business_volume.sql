with judged as (

    select * from {{ ref('export_volume') }} where history_days >= 14 and usual_rows >= 30

),

final as (

    select
        'all exports' as export,
        count(*) as exports,
        cast(coalesce({{ median('level') }}, 1) as {{ type_double() }}) as middle_level
    from judged

)

select * from final
