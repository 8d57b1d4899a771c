-- One row per statement of a contact about a medium: its first flag, each later flag that differs from the one before,
-- and each unsubscription of a push. A change of other columns states nothing; a null flag says nothing.
with flags as (
    {%- for medium, given in reach_media().items() %}
    select contact_id, '{{ medium }}' as medium, updated_at, {{ given.flag }} as is_yes
    from {{ ref('stg_contact_versions') }}
    where {{ given.flag }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        *,
        lag(is_yes) over (partition by contact_id, medium order by updated_at) as was_yes
    from flags
),

final as (
    select contact_id, medium, updated_at as stated_at, is_yes
    from compared
    where was_yes is null or is_yes <> was_yes
    union all
    select contact_id, {{ reach_medium('medium') }} as medium, unsubscribed_at as stated_at, false as is_yes
    from {{ ref('stg_pushes') }}
    where unsubscribed_at is not null and {{ local_day('unsubscribed_at') }} <= {{ business_date() }}
)

select * from final
