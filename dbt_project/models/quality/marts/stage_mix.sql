with now_in_stage as (

    select subject as stage, value as users
    from {{ ref('mart_figures') }}
    where mart = 'users' and figure = 'users_in_stage'

),

published as (

    select figures.subject as stage, figures.value as users
    from {{ source('meta', 'published_figures') }} as figures
    inner join {{ source('meta', 'published') }} as published
        on
            figures.version = published.version
            and published.business_date between {{ days_back(7) }} and {{ business_date() }}
    where figures.mart = 'users' and figures.figure = 'users_in_stage'

),

totals as (

    select
        (select coalesce(sum(users), 0) from now_in_stage) as users,
        (select coalesce(sum(users), 0) from published) as users_published

),

moves as (

    select
        {{ share('coalesce(now_in_stage.users, 0)', 'totals.users') }}
            - {{ share('coalesce(published.users, 0)', 'totals.users_published') }} as moved
    from now_in_stage
    full outer join published on now_in_stage.stage = published.stage
    cross join totals

),

final as (

    select
        'users' as mart,
        cast(totals.users as bigint) as users,
        cast(totals.users_published as bigint) as users_published,
        cast(least(totals.users, totals.users_published) as {{ type_double() }}) as sample,
        cast(coalesce((select sum(abs(moved)) from moves), 0) / 2 as {{ type_double() }}) as moved_share
    from totals

)

select * from final
