with friendships as (
    select * from {{ ref('stg_friendships') }}
),

final as (
    select staff_id, contact_id from friendships where deleted_at is null
)

select * from final
