-- An order whose identifiers all link nobody is a user by itself; one without identifier has none.
with linked as (
    {{ users_of_rows('orders', ['order_id']) }}
),

erased as (
    select kind, hash from {{ ref('stg_erased_identifiers') }}
),

identified as (
    select order_id
    from {{ ref('stg_orders') }}
    where
        contact_id is not null
        {%- for kind in identifier_carriers()['orders'] if kind != 'contact_id' %}
        or (
            {{ kind }}_hash is not null
            and not exists (select 1 from erased where erased.kind = '{{ kind }}' and erased.hash = {{ kind }}_hash)
        )
        {%- endfor %}
),

final as (
    select
        identified.order_id,
        coalesce(linked.user_id, {{ user_id_of("'order_id'", 'identified.order_id') }}) as user_id
    from identified
    left join linked on identified.order_id = linked.order_id
)

select * from final
