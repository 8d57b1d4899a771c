with final as (

    select 'users' as mart, 'users' as figure, 'all' as subject, cast(count(*) as {{ type_double() }}) as value
    from {{ ref('users') }}
    union all
    select 'users' as mart, 'users_in_stage' as figure, stage as subject, cast(count(*) as {{ type_double() }}) as value
    from {{ ref('users') }}
    where stage is not null
    group by stage

)

select * from final
