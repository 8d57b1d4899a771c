{#
    Exports of which a file may bring all rows of a parent (`whole` of its layout, in meta.load_files): the columns that
    name the parent; the export whose rows of the same file say that it was delivered, though it may have no row here;
    and whether a row that the newest delivery lacks stays, with an instant of its end.
#}
{% macro whole_lists() -%}
    {%- do return({
        'orders': {'parent': ['order_id']},
        'order_lines': {'parent': ['order_id'], 'parent_export': 'orders'},
        'ad_stats': {'parent': ['stat_date', 'channel_code', 'level']},
        'group_members': {'parent': ['group_id'], 'parent_export': 'groups', 'rows_stay': true},
        'contact_tags': {'parent': ['contact_id'], 'parent_export': 'contacts', 'rows_stay': true},
        'contact_identifiers': {'parent': ['contact_id'], 'parent_export': 'contacts'},
    }) -%}
{%- endmacro %}

{#
    A query: one row per load that brings parents whole and such a parent, with the folder's date of the parent's next
    delivery (null for the newest): of the same source and layout, by date of the folder, then by the bytes of the file
    name. Where no load brings parents whole, no row of the export is read.
#}
{% macro whole_deliveries(export) -%}
{%- set list = whole_lists()[export] -%}
{%- set parent = list.parent | join(', ') -%}
{%- set raw_rows = source('raw', export) -%}
{%- set files = source('meta', 'load_files') -%}
select
    files.load_id, files.file_name, {{ parent }},
    lead(files.business_date) over (
        partition by files.source, files.layout, {{ parent }}
        order by files.business_date, {{ by_bytes('files.file_name') }}, files.load_id
    ) as next_date
from (
    select distinct files.load_id, {{ parent }}
    from {{ raw_rows }} as brought
    inner join {{ files }} as files on brought._load_id = files.load_id
    where files.export = '{{ export }}' and files.whole is not null and brought._business_date <= {{ business_date() }}
    {%- if list.parent_export %}
    union
    select files.load_id, {{ parent }}
    from {{ source('raw', list.parent_export) }} as brought
    inner join {{ files }} as parent_files on brought._load_id = parent_files.load_id
    inner join {{ files }} as files
        on
            parent_files.source = files.source
            and parent_files.layout = files.layout
            and parent_files.business_date = files.business_date
            and parent_files.file_name = files.file_name
    where
        files.export = '{{ export }}' and files.whole is not null and files.state = 'loaded'
        and parent_files.export = '{{ list.parent_export }}' and brought._business_date <= {{ business_date() }}
    {%- endif %}
) as delivered
inner join {{ files }} as files on delivered.load_id = files.load_id
{%- endmacro %}

{# The condition that a row is of a parent of `replaced`. #}
{% macro whole_parent_matches(parent) -%}
    {%- for column in parent %} and whole_{{ column }} = {{ column }}{% endfor %}
{%- endmacro %}

{#
    The rows of an export whose parents' lists are delivered whole, one per key: the newest version; `ended` is set to the
    first day of the parent's delivery that lacks the row, never before `began`. What such a list says, it says at the end
    of its folder's day, whatever its rows' updated_at.
#}
{% macro newest_of_lists(export, began, ended) -%}
    {%- set list = whole_lists()[export] -%}
    {%- set relation = source('raw', export) -%}
    {%- set deliveries = whole_deliveries(export) -%}
    {%- if execute -%}
    {%- set shape = export_shape(export) -%}
with deliveries as (
    {{ deliveries }}
),

versions as (
    select
        listed.*,
        deliveries.file_name as _file_name,
        deliveries.next_date as _next_date,
        case
            when deliveries.load_id is null then listed.updated_at
            else {{ start_of_day(add_days('listed._business_date', 1)) }}
        end as _said_at
    from {{ relation }} as listed
    left join deliveries
        on listed._load_id = deliveries.load_id
        {%- for column in list.parent %} and listed.{{ column }} = deliveries.{{ column }}{% endfor %}
    where listed._business_date <= {{ business_date() }}
),

newest as (
    {{ newest_by(
        'versions', shape.key, shape.columns + ['_next_date'],
        '_said_at desc nulls last, _business_date desc, ' ~ by_bytes('_file_name')
        ~ ' desc nulls last, _line desc, _load_id desc'
    ) }}
)

select
    {%- for column in shape.columns if column != ended %}
    {{ column }},
    {%- endfor %}
    coalesce(
        {{ ended }},
        case when _next_date is not null then greatest({{ began }}, {{ start_of_day('_next_date') }}) end
    ) as {{ ended }}
from newest
    {%- endif -%}
{%- endmacro %}
