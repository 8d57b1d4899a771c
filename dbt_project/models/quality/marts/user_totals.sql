with users as (

    select
        count(*) as users,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(net), 0) as net,
        count(*) filter (where net < -0.01) as users_below_zero
    from {{ ref('users') }}

),

counted as (

    select count(*) as orders, coalesce(sum(net), 0) as net
    from {{ ref('int_orders_counted') }}
    where user_id is not null

),

-- What readers see; a run of an earlier date has fewer users by nature, one that a person accepted for a reason.
published as (

    select coalesce(max(figures.value), 0) as users
    from {{ source('meta', 'published_figures') }} as figures
    inner join {{ source('meta', 'published') }} as published
        on figures.version = published.version and published.business_date <= {{ business_date() }}
    where
        figures.mart = 'users' and figures.figure = 'users' and figures.subject = 'all'
        and published.business_date >= {{ level_begins(['users_lost', 'some_users_lost'], 'users') }}

),

final as (

    select
        'users' as mart,
        users.users,
        cast(abs(users.orders - counted.orders) as bigint) as orders_off,
        cast(abs(users.net - counted.net) as {{ type_double() }}) as net_off,
        users.users_below_zero,
        {{ share('users.users_below_zero', 'users.users') }} as below_zero_share,
        {{ share_of_many('users.users_below_zero', 'users.users') }} as below_zero_share_of_many,
        cast(published.users as bigint) as users_published,
        cast(greatest(published.users - users.users, 0) as bigint) as users_lost,
        {{ share('greatest(published.users - users.users, 0)', 'published.users') }} as lost_share,
        {{ share_of_many('greatest(published.users - users.users, 0)', 'published.users') }} as lost_share_of_many
    from users
    cross join counted
    cross join published

)

select * from final
