select *
from {{ ref('base_friendship_firsts') }} as firsts
where {{ not_erased('firsts') }}
