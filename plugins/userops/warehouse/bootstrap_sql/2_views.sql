-- What readers see of the bookkeeping, beside the marts that a publication makes.
create or replace view marts.publication as
select
    publications.version,
    publications.business_date,
    publications.run_id,
    publications.published_at,
    publications.published_by,
    publications.version = pointer.version as is_current
from meta.publications
cross join meta.pointer;
comment on view marts.publication is 'One row per version ever published; is_current marks the one readers see.';

create or replace view marts.quality_results as
select
    business_date, run_id, check_name, layer, subject, severity, passed, observed, expected, detail, checked_at
from meta.quality_results;
comment on view marts.quality_results is 'One row per check of every night, blocked nights included.';

create or replace view marts.step_timings as
select run_id, business_date, step, part, seconds, null::bigint as rows, ended_at
from meta.step_times
union all
select run_id, business_date, 'model', check_name, seconds, rows, checked_at
from meta.quality_results
where layer = 'dbt' and seconds is not null;
comment on view marts.step_timings is
'One row per step of a run (part: the export loaded) and per model or test of its build (step model): seconds, rows written.';

create or replace view marts.rejected_rows as
select rows.business_date, rows.export, rows.reason, count(*) as rejected
from quarantine.rows
group by rows.business_date, rows.export, rows.reason;
comment on view marts.rejected_rows is 'One row per night, export and reason for which delivered rows were set aside.';

create or replace view marts.erasure_log as
select request_id, table_name, sum(rows)::bigint as rows, max(erased_at) as erased_at
from meta.erasure_log
group by request_id, table_name;
comment on view marts.erasure_log is
'One row per erasure request and table: how many rows it took or emptied, and when last. No identifier.';

create or replace view marts.freshness as
select
    export,
    max(load_files.business_date) as last_business_date,
    max(loaded_at) as last_loaded_at,
    sum(rows_loaded) as rows_loaded,
    sum(rows_quarantined) as rows_quarantined,
    newest.business_date - max(load_files.business_date) as days_behind
from meta.load_files
cross join (select max(business_date) as business_date from meta.load_files) as newest
where state = 'loaded'
group by export, newest.business_date;
comment on view marts.freshness is 'One row per export that ever came: its newest business date and how far it lags.';
