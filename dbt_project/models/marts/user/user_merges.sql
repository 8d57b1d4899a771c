with merged as (
    select merged_id, user_id, merged_on as business_date, 'merge' as kind
    from {{ ref('int_identity_components') }}
    where what = 'merge'
),

split as (
    select split_id as merged_id, user_id, business_date, 'split' as kind
    from {{ ref('int_identity_splits') }}
),

final as (
    select merged_id, user_id, business_date, kind from merged
    union all
    select merged_id, user_id, business_date, kind from split
)

select * from final
