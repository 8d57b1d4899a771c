-- User x medium: whether one contact not deleted has the identifier, has consent, and may be reached by it.
select
    user_id,
    medium,
    bool_or(has_identifier) as has_identifier,
    bool_or(has_consent) as has_consent,
    bool_or(is_reachable) as is_reachable
from {{ ref('int_contacts_reachability') }}
group by user_id, medium
