-- One row per user × day of int_feature_days with tags that staff had given by then and not taken away, each name once and
-- between bars. One without a time was there all along.
with standing as (
    select distinct users.user_id, days.as_of, replace(tags.tag_name, '|', '/') as tag_name
    from {{ ref('stg_contact_tags') }} as tags
    inner join {{ ref('map_contact_user') }} as users on tags.contact_id = users.contact_id
    inner join {{ ref('int_feature_days') }} as days
        on
            (tags.added_at is null or tags.added_at < days.ends_at)
            and (tags.removed_at is null or tags.removed_at >= days.ends_at)
)

select user_id, as_of, '|' || {{ joined_texts('tag_name', '|', by_bytes('tag_name')) }} || '|' as staff_tags
from standing
group by user_id, as_of
