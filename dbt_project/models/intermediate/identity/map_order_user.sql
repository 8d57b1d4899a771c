-- An order whose identifiers all link nobody is a user by itself; one without identifier has none.
{{ config(
    materialized='incremental', incremental_strategy='replace', replaced=replaced_rows('orders', 'order_id'),
    indexes=[{'columns': ['order_id'], 'unique': true}, {'columns': ['user_id']}]
) }}
with linked as (
    {{ users_of_rows('orders', 'order_id') }}
),

identified as (
    select distinct carried.row_id as order_id
    from {{ ref('int_identity_carried') }} as carried
    where
        carried.export = 'orders' and carried.is_current
        and {{ in_identity_rows('carried', 'orders') }}
),

final as (
    select
        identified.order_id,
        coalesce(linked.user_id, {{ user_id_of("'order_id'", 'identified.order_id') }}) as user_id
    from identified
    left join linked on identified.order_id = linked.order_id
)

select * from final
