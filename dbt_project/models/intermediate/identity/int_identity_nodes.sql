-- One row per linking identifier, numbered from 0 in the order in which identifiers were first seen: the least number of
-- a component is its earliest-seen identifier, which gives the user its id.
select
    cast(row_number() over (order by {{ earliest_seen_first('identifiers') }}) - 1 as int) as node,
    identifiers.kind,
    identifiers.identifier,
    identifiers.seed
from {{ ref('int_identifiers') }} as identifiers
where identifiers.links
