select * from {{ ref('base_order_lines') }}
