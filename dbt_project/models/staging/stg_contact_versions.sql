-- Every version of a contact known by the business date, for what was true on a day in the past.
select *
from {{ ref('base_contact_versions') }} as versions
where {{ not_erased('versions') }}
