-- One row per contact not deleted × medium × address: whether the address may be written to. For an address of several
-- contacts the newest of their statements holds, whoever made it; of two at one instant the refusal.
with addresses as (
    select * from {{ ref('int_contact_addresses') }} where deleted_day is null
),

stated as (
    select
        addresses.medium, addresses.kind, addresses.address, statements.is_yes,
        row_number() over (
            partition by addresses.medium, addresses.kind, addresses.address
            order by statements.stated_at desc, statements.is_yes
        ) as newest_first
    from addresses
    inner join {{ ref('int_consent_statements') }} as statements
        on addresses.contact_id = statements.contact_id and addresses.medium = statements.medium
),

final as (
    select
        addresses.contact_id, addresses.user_id, addresses.medium, addresses.kind, addresses.address,
        coalesce(stated.is_yes, false) and restricted.user_id is null as is_reachable
    from addresses
    left join stated
        on
            addresses.medium = stated.medium and addresses.kind = stated.kind
            and addresses.address = stated.address and stated.newest_first = 1
    left join {{ ref('int_users_restricted') }} as restricted on addresses.user_id = restricted.user_id
)

select * from final
