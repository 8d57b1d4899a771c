select * from {{ ref('base_erasure_requests') }}
