with merges as (
    select merged_id, user_id, merged_on as business_date, 'merge' as kind
    from {{ ref('int_identity_components') }}
    where what = 'merge'
),

splits as (
    select split_id as merged_id, user_id, business_date, 'split' as kind
    from {{ ref('int_identity_splits') }}
),

final as (
    select merged_id, user_id, business_date, kind from merges
    union all
    select merged_id, user_id, business_date, kind from splits
)

select * from final
