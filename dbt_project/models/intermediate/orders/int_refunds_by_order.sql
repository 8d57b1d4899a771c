{{ config(materialized='view') }}
select order_id, sum(amount) as refunded
from {{ ref('stg_refunds') }}
where {{ local_day('refunded_at') }} <= {{ business_date() }}
group by order_id
