{#
    The columns whose blanks are watched: by export its key, the column that divides its rows into strata (so that
    another mix of channels moves nothing), and each column's value and the rows to which it applies.
#}
{% macro judged_columns() -%}
    {%- do return({
        'orders': {
            'key': 'order_id', 'stratum': 'sales_channel',
            'columns': {
                'contact_id': ['contact_id', 'true'],
                'channel_code': ['channel_code', 'true'],
                'store_id': ['store_id', "sales_channel = 'store'"],
                'group_id': ['group_id', "sales_channel = 'group'"],
                'paid_amount': ['paid_amount', "paid_at is not null and status <> 'cancelled'"],
            },
        },
        'contacts': {
            'key': 'contact_id', 'stratum': 'source_channel_code',
            'columns': {
                'phone': ['phone_hash', 'true'],
                'email': ['email_hash', 'true'],
                'unionid': ['unionid_hash', 'true'],
                'gender': ["nullif(gender, 'u')", 'true'],
                'birth_year': ['birth_year', 'true'],
                'city': ['city', 'true'],
                'registered_at': ['registered_at', 'true'],
                'source_channel_code': ['source_channel_code', 'true'],
            },
        },
        'touches': {
            'key': 'touch_id', 'stratum': 'channel_code',
            'columns': {
                'campaign_id': ['campaign_id', 'true'],
                'touchpoint': ['touchpoint', 'true'],
                'contact_id': ['contact_id', 'true'],
                'identifier': ['identifier', 'true'],
            },
        },
        'events': {
            'key': 'event_id', 'stratum': 'event_type',
            'columns': {
                'contact_id': ['contact_id', 'true'],
                'sku': ['sku', 'true'],
                'campaign_id': ['campaign_id', 'true'],
            },
        },
    }) -%}
{%- endmacro %}

{# Where an order was made: without it figures by place alone are wrong, so its loss warns and never blocks. #}
{% macro places() -%}
    'store_id', 'group_id'
{%- endmacro %}

{# A cell as a text, to be compared with words for nothing. #}
{% macro cell_text(value) -%}
    lower(cast({{ value }} as {{ dbt.type_string() }}))
{%- endmacro %}

{# Words and zeros that stand where a value should: a source that writes them turns a blank into a value. #}
{% macro words_for_nothing() -%}
    'unknown', 'null', 'none', 'n/a', 'na', 'nan', 'nil', '-', '--', '0', '0.0', '0.00', '1970', '1900', '未知', '无', '空'
{%- endmacro %}

{# Key, time and, of each judged column, whether the row has a value. #}
{% macro filled_cells(judged) -%}
    {{ judged.key }}, updated_at
    {%- for name, (value, _) in judged.columns.items() %}, {{ value }} is not null as has_{{ name }}{% endfor %}
{%- endmacro %}
