with final as (
    select merged_id, user_id, merged_on as business_date, 'merge' as kind
    from {{ ref('int_identity_components') }}
    where what = 'merge'
)

select * from final
