-- Orders that came, whose goods changed or whose identity moved. Empty where everything is built anew.
{{ config(indexes=[{'columns': ['order_id'], 'unique': true}]) }}
select order_id from {{ ref('int_changed_rows') }} where order_id is not null
union
select order_id from {{ ref('int_changed_goods') }}
union
select row_id from {{ ref('int_identity_rows') }} where export = 'orders'
