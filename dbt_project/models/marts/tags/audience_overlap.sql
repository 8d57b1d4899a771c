with members as (
    select audience_code, user_id from {{ ref('int_audience_members') }}
),

sizes as (
    select audience_code, count(*) as size from members group by audience_code
),

shared as (
    select one.audience_code, other.audience_code as other_audience_code, count(*) as users
    from members as one
    inner join members as other on one.user_id = other.user_id
    where {{ by_bytes('one.audience_code') }} < {{ by_bytes('other.audience_code') }}
    group by one.audience_code, other.audience_code
),

final as (
    select
        one.audience_code,
        other.audience_code as other_audience_code,
        one.size,
        other.size as other_size,
        coalesce(shared.users, 0) as shared_users,
        {{ ratio('coalesce(shared.users, 0)', 'one.size') }} as share,
        {{ ratio('coalesce(shared.users, 0)', 'other.size') }} as other_share,
        {{ ratio('coalesce(shared.users, 0)', 'one.size + other.size - coalesce(shared.users, 0)') }} as jaccard
    from sizes as one
    inner join sizes as other on {{ by_bytes('one.audience_code') }} < {{ by_bytes('other.audience_code') }}
    left join shared
        on one.audience_code = shared.audience_code and other.audience_code = shared.other_audience_code
)

select * from final
