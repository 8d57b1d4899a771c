-- One row per order with a gift card: what its cards are of all its lines. The money comes with the order that the card
-- pays for.
{{ config(materialized='view') }}
select
    order_id,
    sum(line_amount) as line_amount,
    coalesce(sum(line_amount) filter (where line_kind <> 'gift_card'), 0) as other_amount,
    bool_and(line_kind = 'gift_card') as is_all
from {{ ref('stg_order_lines') }}
where
    coalesce(line_status, '') <> 'cancelled'
    and order_id in (select order_id from {{ ref('stg_order_lines') }} where line_kind = 'gift_card')
group by order_id
