-- The export writes to reachable addresses: a member may be written to by a medium exactly where one stands.
{% set media = reach_media() %}
with members as (
    {%- for medium in media %}
    select audience_code, user_id, '{{ medium }}' as medium, may_{{ medium }} as may_be_written_to
    from {{ ref('audience_members') }}
    where not is_tired
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

addresses as (
    select distinct user_id, medium from {{ ref('int_addresses_reachable') }} where is_reachable
)

select members.audience_code, members.user_id, members.medium
from members
left join addresses on members.user_id = addresses.user_id and members.medium = addresses.medium
where members.may_be_written_to <> (addresses.user_id is not null)
