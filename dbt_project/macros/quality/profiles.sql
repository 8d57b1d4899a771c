{#
    What loads are compared by. A share or mix of a column that moved this far is *large in itself*; one that lies this
    many spreads from its usual level is *far out*. Amounts are compared by their factor.
#}
{% macro profile_limits() -%}
    {%- do return({'history_days': 90, 'spreads': 10, 'amount_spreads': 7, 'largest_spreads': 5}) -%}
{%- endmacro %}

{# The kinds of columns of which a large change blocks. #}
{% macro vital_kinds() -%}
    'money', 'identifier', 'status', 'time', 'consent'
{%- endmacro %}

{# A share kept off 0 and 1, as so many rows tell it. #}
{% macro smoothed_share(share, rows) -%}
    ({{ share }} * {{ rows }} + 0.5) / ({{ rows }} + 1)
{%- endmacro %}

{# Figures that are a distance between mixes, and those that are logarithms of amounts. #}
{% macro mixes() -%}
    'value', 'hour', 'age', 'length', 'shape'
{%- endmacro %}

{% macro amounts() -%}
    'median', 'largest'
{%- endmacro %}

{# What the values of a column name whose rows are counted one by one; empty for other columns. #}
{% macro part_kind() -%}
    case
        when column_name = 'store_id' then 'store'
        when column_name in ('channel_code', 'source_channel_code') then 'channel'
        when column_name in ('staff_id', 'courier_id') then 'staff'
        else ''
    end
{%- endmacro %}

{# The subjects of checks whose new level a person accepted by D, and since when. #}
{% macro accepted_levels(checks) -%}
    select subject, max(since) as since
    from {{ source('meta', 'accepted_levels') }}
    where since <= {{ business_date() }} and check_name in ('{{ checks | join("', '") }}')
    group by subject
{%- endmacro %}

{# From which day on the past of a subject tells what is usual: since a person accepted its level, or ever. #}
{% macro level_begins(checks, subject, part='') -%}
    (
        select coalesce(max(since), cast('1900-01-01' as date)) as since
        from ({{ accepted_levels(checks) }}) as accepted
        where subject in ('{{ subject }}', '{{ subject }}.{{ part }}')
    )
{%- endmacro %}
