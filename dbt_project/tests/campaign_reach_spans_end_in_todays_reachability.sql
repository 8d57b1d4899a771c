-- Who the history says could be reached at the end of the business date is who the reachability of today says.
with by_history as (

    select distinct user_id, medium
    from {{ ref('int_contact_reach_spans') }}
    where {{ business_date() }} between reachable_from and reachable_to

),

today as (

    select user_id, medium from {{ ref('int_users_reachability') }} where is_reachable

)

select
    coalesce(by_history.user_id, today.user_id) as user_id,
    coalesce(by_history.medium, today.medium) as medium
from by_history
full outer join today on by_history.user_id = today.user_id and by_history.medium = today.medium
where by_history.user_id is null or today.user_id is null
