select * from {{ ref('base_refunds') }}
