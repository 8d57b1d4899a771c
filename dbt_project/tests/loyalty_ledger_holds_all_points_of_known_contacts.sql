-- Every booking by the business date is in the ledger, but for those of contacts that nobody knows.
with expected as (

    select coalesce(sum(points.points), 0) as points
    from {{ ref('stg_points') }} as points
    inner join {{ ref('stg_contacts') }} as contacts on points.contact_id = contacts.contact_id
    where {{ local_day('points.occurred_at') }} <= {{ business_date() }}

),

found as (

    select coalesce(sum(earned - spent - expired), 0) as points from {{ ref('loyalty_ledger') }}

)

select expected.points as expected, found.points as found
from expected
cross join found
where expected.points <> found.points
