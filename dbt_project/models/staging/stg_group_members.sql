-- Erased contacts are gone; a mention of one is emptied and the row stays.
with kept_versions as (
    select * from {{ ref('base_group_members') }}
),

final as (
    select
        kept_versions.group_id,
        kept_versions.contact_id,
        kept_versions.joined_at,
        kept_versions.join_way,
        case
            when not exists (
                select 1 from {{ ref('stg_erased_contacts') }} as gone
                where gone.contact_id = kept_versions.inviter_contact_id
            ) then kept_versions.inviter_contact_id
        end as inviter_contact_id,
        kept_versions.left_at,
        kept_versions.updated_at,
        kept_versions._load_id,
        kept_versions._line,
        kept_versions._business_date
    from kept_versions
    where {{ not_erased('kept_versions') }}
)

select * from final
