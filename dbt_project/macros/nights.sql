{#
    How a night builds on the last one. The project is built whole unless the run says `incremental: true`, which it
    does where the last build stands, nothing it was made of was taken back, and code and configuration are the
    same (userops.transform.increments decides). Then a model replaces the rows that this night may have changed:
    those that its `replaced` condition names.
#}
{% macro builds_on_last_night() -%}
    {# While dbt parses it must meet the references of that case, whichever run comes. #}
    {%- do return(not execute or var('incremental', false)) -%}
{%- endmacro %}

{# dbt's own question, answered from the same variable: its flag --full-refresh is not used. #}
{% macro should_full_refresh() -%}
    {%- do return(not builds_on_last_night()) -%}
{%- endmacro %}

{#
    The rows of loads of an export that the last build did not know: loaded since, or of a business date it did not reach.
    Their numbers are written out: the planner knows then that they are few, and does not read all that was ever loaded.
#}
{% macro in_new_loads(export) -%}
    {%- set loads = ref('int_new_loads') -%}
    {%- if execute -%}
        {%- set found = run_query('select load_id from ' ~ loads ~ " where export = '" ~ export ~ "'") -%}
        _load_id in ({{ found.columns[0].values() | join(', ') or '-1' }})
    {%- else -%}
        _load_id in (select load_id from {{ loads }})
    {%- endif -%}
{%- endmacro %}

{# A row's key as one text, by which models of the night name rows of any export. #}
{% macro row_id(key, relation='') -%}
    concat_ws('|', {% for column in key %}{{ relation ~ '.' if relation }}{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# The rows that erasure takes, empties or gives back on this night. #}
{% macro in_erasure_rows(export, key, relation='') -%}
    {{ row_id(key, relation) }}
        in (select erased.row_id from {{ ref('int_erasure_rows') }} as erased where erased.export = '{{ export }}')
{%- endmacro %}

{# The rows of `raw` that a night reads: those of new loads and, of whatever load, those that erasure changes. Two selects, for one with `or` would read the whole table on every night. #}
{% macro raw_rows(export, key, columns) -%}
    {%- set delivered = in_new_loads(export) if builds_on_last_night() else '_business_date <= ' ~ business_date() -%}
    select {{ columns }}
    from {{ source('raw', export) }}
    where {{ delivered }}
    {%- if builds_on_last_night() %}
    union all
    select {{ columns }}
    from {{ source('raw', export) }}
    where
        {{ in_erasure_rows(export, key) }}
        and _business_date <= {{ business_date() }}
        and not ({{ delivered }})
    {%- endif %}
{%- endmacro %}

{# Keys of rows that differ from those that the last night read and kept in the table `read`: new, gone or changed. #}
{% macro changed_since_last_night(rows, read, key, columns) -%}
    select
        {%- for name in key %} coalesce(now.{{ name }}, before.{{ name }}) as {{ name }}{{ ',' if not loop.last }}{% endfor %}
    from {{ rows }} as now
    full join {{ target.schema }}.{{ read }} as before
        on {% for name in key %}now.{{ name }} = before.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}
    where (now.{{ columns | join(', now.') }}) is distinct from (before.{{ columns | join(', before.') }})
{%- endmacro %}

{# A condition on a user that holds for all when built whole, else for the users this night may have changed. #}
{% macro touched(column='user_id') -%}
    {%- if builds_on_last_night() -%}
        {{ column }} in (select touched.user_id from {{ ref('int_touched_users') }} as touched)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The same for a row of a user and a tag that this night changes. #}
{% macro retagged(relation) -%}
    {%- if builds_on_last_night() -%}
        ({{ relation }}.user_id, {{ relation }}.tag_code) in (select user_id, tag_code from {{ ref('int_retags') }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Of a user and `days`, a row of int_feature_days: a settled day is taken anew only of restated users. #}
{% macro is_taken(column) -%}
    {%- if builds_on_last_night() -%}
        (
            not days.is_settled
            or {{ column }} in (select restated.user_id from {{ ref('int_restated_users') }} as restated)
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Whether a fact is within 90 days of a day that is taken of its user. #}
{% macro is_in_windows(day, column) -%}
    (
        {{ day }} > (select min(days.as_of) - 90 from {{ ref('int_feature_days') }} as days where not days.is_settled)
        {%- if builds_on_last_night() %}
        or {{ column }} in (select restated.user_id from {{ ref('int_restated_users') }} as restated)
        {%- endif %}
    )
{%- endmacro %}

{# A condition on an order that holds for all when built whole, else for those of `named`: the orders whose own figures this night may change, or (`int_touched_orders`) these and all others of their users. #}
{% macro touched_order(column='order_id', named='int_touched_orders') -%}
    {%- if builds_on_last_night() -%}
        {{ column }} in (select touched.order_id from {{ ref(named) }} as touched)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The same for what hangs on no other order. #}
{% macro changed_order(column='order_id') -%}
    {{ touched_order(column, 'int_changed_orders') }}
{%- endmacro %}
