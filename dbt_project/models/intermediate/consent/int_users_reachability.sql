-- One row per user with a contact not deleted × medium: whether one of its contacts has an address, has agreed, and
-- whether an address may be written to.
with statements as (
    select
        contact_id, medium, is_yes,
        row_number() over (partition by contact_id, medium order by stated_at desc, is_yes) as newest_first
    from {{ ref('int_consent_statements') }}
),

agreed as (
    select contact_id, medium from statements where newest_first = 1 and is_yes
),

addressed as (
    select contact_id, medium, bool_or(is_reachable) as is_reachable
    from {{ ref('int_addresses_reachable') }}
    group by contact_id, medium
),

media as (
    {%- for medium in reach_media() %}
    select '{{ medium }}' as medium
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        users.user_id,
        media.medium,
        bool_or(addressed.contact_id is not null) as has_identifier,
        bool_or(agreed.contact_id is not null) as has_consent,
        bool_or(coalesce(addressed.is_reachable, false)) as is_reachable
    from {{ ref('stg_contacts') }} as contacts
    inner join {{ ref('map_contact_user') }} as users on contacts.contact_id = users.contact_id
    cross join media
    left join addressed on contacts.contact_id = addressed.contact_id and media.medium = addressed.medium
    left join agreed on contacts.contact_id = agreed.contact_id and media.medium = agreed.medium
    where contacts.deleted_at is null
    group by users.user_id, media.medium
)

select * from final
