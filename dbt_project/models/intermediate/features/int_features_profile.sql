-- One row per user × day of int_feature_days on or after the acquired day: who the user is and where they stand.
-- Attributes without history (city, consent, restriction) are those known by D on every day.
{% set media = reach_media() %}
with contacts as (
    select * from {{ ref('int_users_contacts') }}
),

referrers as (
    -- A referrer within the same user is none.
    select contacts.user_id
    from contacts
    inner join {{ ref('map_contact_user') }} as mapped on contacts.referrer_contact_id = mapped.contact_id
    where mapped.user_id <> contacts.user_id
),

reachable as (
    select
        user_id,
        {%- for medium in media %}
        bool_or(medium = '{{ medium }}' and is_reachable) as reachable_{{ medium }},
        {%- endfor %}
        cast(count(*) filter (where is_reachable) as int) as reachable_media
    from {{ ref('int_users_reachability') }}
    group by user_id
),

spine as (
    select
        users.user_id, days.as_of, users.acquired_channel_code,
        {{ days_between('days.as_of', 'users.acquired_day') }} as days_since_acquired,
        {{ days_between('days.as_of', local_day('users.registered_at')) }} as days_since_registered
    from {{ ref('int_users_acquired') }} as users
    inner join {{ ref('int_feature_days') }} as days on users.acquired_day <= days.as_of
),

final as (
    select
        spine.user_id, spine.as_of, spine.days_since_acquired,
        case when spine.days_since_registered >= 0 then spine.days_since_registered end as days_since_registered,
        spine.acquired_channel_code,
        coalesce(channels.domain, 'unknown') as acquired_domain,
        coalesce(channels.is_paid, false) as acquired_is_paid,
        referrers.user_id is not null as is_referred,
        contacts.gender,
        {{ year_of('spine.as_of') }} - contacts.birth_year as age,
        contacts.city, contacts.city_tier, contacts.store_id, contacts.community_id,
        coalesce(contacts.contacts, 0) as contacts,
        {%- for medium in media %}
        coalesce(reachable.reachable_{{ medium }}, false) as reachable_{{ medium }},
        {%- endfor %}
        coalesce(reachable.reachable_media, 0) as reachable_media,
        restricted.user_id is not null as is_restricted,
        spans.stage,
        {{ days_between('spine.as_of', 'spans.valid_from') }} as days_in_stage
    from spine
    left join contacts on spine.user_id = contacts.user_id
    left join {{ ref('stg_channels') }} as channels on spine.acquired_channel_code = channels.channel_code
    left join referrers on spine.user_id = referrers.user_id
    left join reachable on spine.user_id = reachable.user_id
    left join {{ ref('int_users_restricted') }} as restricted on spine.user_id = restricted.user_id
    left join {{ ref('int_lifecycle_spans') }} as spans
        on spine.user_id = spans.user_id and spine.as_of between spans.valid_from and spans.valid_to
)

select * from final
