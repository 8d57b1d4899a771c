-- Schemas, roles and bookkeeping tables of the warehouse. Safe to run again at any time.
do $$
declare name text;
begin
    foreach name in array array['loader', 'transformer', 'publisher', 'bi_reader'] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
        execute format('grant %I to current_user', name);
    end loop;
    execute format('revoke create on database %I from public', current_database());
    execute format('grant create on database %I to transformer', current_database());
end $$;

create schema if not exists raw;
create schema if not exists quarantine;
create schema if not exists vault;
create schema if not exists staging;
create schema if not exists build;
create schema if not exists slot_0;
create schema if not exists slot_1;
create schema if not exists slot_2;
create schema if not exists marts;
create schema if not exists meta;
revoke all on schema public from public;

create sequence if not exists meta.fencing_token;

create table if not exists meta.runs (
    run_id text primary key,
    business_date date not null,
    state text not null check (state in ('running', 'published', 'blocked', 'failed', 'held')),
    token bigint not null,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    error text
);

do $$
begin
    if not exists (select from pg_constraint where conname = 'runs_state_check' and pg_get_constraintdef(oid) ~ 'held') then
        alter table meta.runs drop constraint runs_state_check;
        alter table meta.runs add constraint runs_state_check
            check (state in ('running', 'published', 'blocked', 'failed', 'held'));
    end if;
end $$;

-- Who let a night with warnings pass, finding by finding (USEROPS_HOLD_WARNINGS).
create table if not exists meta.approvals (
    business_date date not null,
    run_id text not null,
    check_name text not null,
    subject text not null,
    observed text not null,
    approved_by text not null,
    approved_at timestamptz not null default now(),
    primary key (business_date, check_name, subject)
);

-- One row: who may write now. The highest token ever taken wins; an older one writes nothing.
create table if not exists meta.writer (
    only_row boolean primary key default true check (only_row),
    token bigint not null default 0,
    run_id text,
    heartbeat_at timestamptz
);
insert into meta.writer default values on conflict do nothing;

create table if not exists meta.load_files (
    load_id bigint generated always as identity primary key,
    business_date date not null,
    export text not null,
    file_name text not null,
    sha256 text not null,
    row_set_hash text,
    profile text not null,
    bytes bigint not null,
    rows_in_file bigint not null,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    state text not null check (state in ('loaded', 'replaced', 'refused')),
    reason text,
    run_id text,
    loaded_at timestamptz not null default now(),
    check (state = 'refused' or rows_in_file = rows_loaded + rows_quarantined)
);
-- What a file looked like, for those that come after it: the columns it had, and whether its last line had an end.
alter table meta.load_files add column if not exists columns text[];
alter table meta.load_files add column if not exists ends_line boolean;
create index if not exists load_files_by_date on meta.load_files (business_date, export);

create table if not exists quarantine.rows (
    load_id bigint not null,
    business_date date not null,
    export text not null,
    file_name text not null,
    line bigint not null,
    raw_text text not null,
    reason text not null,
    quarantined_at timestamptz not null default now()
);
create index if not exists quarantine_by_load on quarantine.rows (load_id);

create table if not exists vault.identifiers (
    kind text not null check (kind in ('phone', 'email', 'unionid', 'external_userid', 'device_id')),
    raw_value text not null,
    value text,
    hash text,
    primary key (kind, raw_value)
);

-- Keys made of the hash key that outlive it: the one that pseudonyms are made with, and, where what erased people
-- carried cannot be hashed anew, the hash keys of before.
create table if not exists vault.keys (
    place bigint generated always as identity primary key,
    purpose text not null check (purpose in ('pseudonym', 'retired')),
    key text not null
);
create unique index if not exists keys_one_pseudonym on vault.keys (purpose) where purpose = 'pseudonym';

-- One row: by which key identifiers are hashed here. Its fingerprint, never the key.
create table if not exists meta.hash_key (
    only_row boolean primary key default true check (only_row),
    fingerprint text not null,
    set_at timestamptz not null default now(),
    set_by text not null default session_user
);
-- One row: the key of users' ids and of the hashes of contact ids, made of the first hash key; no change touches it.
create table if not exists meta.id_key (
    only_row boolean primary key default true check (only_row),
    key text not null
);
-- Of identifiers that a change of the key hashed anew: the hash they had first, which the ids of users hang on.
create table if not exists meta.first_hashes (
    kind text not null,
    hash text not null,
    first_hash text not null,
    primary key (kind, hash)
);

create table if not exists meta.quality_results (
    run_id text not null,
    business_date date not null,
    check_name text not null,
    layer text not null,
    subject text not null,
    severity text not null,
    passed boolean not null,
    observed text not null,
    expected text not null,
    detail text not null default '',
    checked_at timestamptz not null default now()
);
create index if not exists quality_results_by_run on meta.quality_results (run_id);
-- What a model or test took and wrote; null for checks that are not timed one by one.
alter table meta.quality_results add column if not exists seconds numeric, add column if not exists rows bigint;

create table if not exists meta.step_times (
    run_id text not null,
    business_date date not null,
    step text not null,
    part text not null,
    seconds numeric not null,
    ended_at timestamptz not null default clock_timestamp()
);
create index if not exists step_times_by_run on meta.step_times (run_id);

-- One row: what the last complete build in `build` knew. A night builds on it where nothing else has changed.
create table if not exists meta.build_state (
    only_row boolean primary key default true check (only_row),
    business_date date not null,
    load_id bigint not null,
    fingerprint text not null,
    loads bigint not null,
    built_at timestamptz not null default now()
);

-- Who was erased: the id is refused for ever, and so are the hashes that they alone carried.
create table if not exists meta.erased_contacts (
    contact_id text primary key,
    request_id text not null,
    load_id bigint not null
);
create table if not exists meta.erased_identifiers (
    kind text not null,
    hash text not null,
    request_id text not null,
    primary key (kind, hash)
);
-- The newest load when it was noted: a build that did not know that load did not know the identifier either.
alter table meta.erased_identifiers add column if not exists load_id bigint not null default 0;
-- Users whom the next publication takes out of every kept version.
create table if not exists meta.erased_users (
    user_id text primary key,
    request_id text not null
);
create table if not exists meta.erasure_log (
    request_id text not null,
    table_name text not null,
    rows bigint not null,
    erased_at timestamptz not null default clock_timestamp()
);

-- Every complete build in `build`; with `whole` false, build.touched_log says which rows it may have changed.
create table if not exists meta.builds (
    build_id bigint generated always as identity primary key,
    business_date date not null,
    whole boolean not null,
    built_at timestamptz not null default now()
);
create table if not exists build.touched_log (
    build_id bigint not null,
    user_id text not null
);
alter table build.touched_log add column if not exists named_by text not null default 'int_touched_users',
    add column if not exists tag_code text not null default '', drop constraint if exists touched_log_pkey;
create unique index if not exists touched_log_key on build.touched_log (build_id, named_by, user_id, tag_code);
create table if not exists meta.slot_contents (
    slot smallint primary key check (slot in (0, 1, 2)),
    build_id bigint not null
);

create table if not exists meta.publications (
    version bigint primary key,
    business_date date not null,
    run_id text not null,
    slot smallint not null check (slot in (0, 1, 2)),
    published_at timestamptz not null default now(),
    published_by text not null default session_user
);

-- The row readers' views choose their slot by; a publication is one update of it.
create table if not exists meta.pointer (
    only_row boolean primary key default true check (only_row),
    version bigint,
    slot smallint,
    business_date date,
    moved_at timestamptz,
    moved_by text
);
insert into meta.pointer default values on conflict do nothing;

create table if not exists meta.outbox (
    message_id bigint generated always as identity primary key,
    kind text not null check (kind in ('alert', 'recovery')),
    cause_key text not null,
    business_date date,
    run_id text,
    severity text not null,
    title text not null,
    body text not null,
    target text not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
    attempts int not null default 0,
    next_attempt_at timestamptz not null default now(),
    last_error text,
    created_at timestamptz not null default now(),
    delivered_at timestamptz
);

-- What `tags/` and `audiences/` declare, checked and rendered: written before dbt compiles its statements from it.
create table if not exists build.config_scenarios (
    scenario text primary key,
    scenario_zh text not null,
    meaning text not null,
    eligible text not null,
    outcome text not null,
    eligible_sql text not null,
    outcome_sql text not null
);
create table if not exists build.config_tags (
    tag_code text primary key,
    tag_name text not null,
    tag_name_zh text not null,
    category text not null,
    category_zh text not null,
    scenario text not null,
    owner text not null,
    decision text not null,
    rule text not null,
    value_rule text,
    score_rule text not null,
    validity_days int not null,
    rule_words text not null,
    features text not null,
    rule_sql text not null,
    value_sql text,
    score_sql text not null
);
create table if not exists build.config_audiences (
    audience_code text primary key,
    audience_name text not null,
    audience_name_zh text not null,
    scenario text not null,
    owner text not null,
    decision text not null,
    rule text not null,
    rule_words text not null,
    rule_sql text not null
);

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

create or replace view marts.night_profile as
select run_id, business_date, step, part, seconds, null::bigint as rows, ended_at
from meta.step_times
union all
select run_id, business_date, 'model', check_name, seconds, rows, checked_at
from meta.quality_results
where layer = 'dbt' and seconds is not null;
comment on view marts.night_profile is
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

grant usage on schema meta to loader, transformer, publisher, bi_reader;
grant usage on sequence meta.fencing_token to loader, publisher;
grant select, insert, update on meta.runs, meta.writer, meta.quality_results, meta.outbox to publisher;
grant select, insert on meta.step_times to publisher;
grant select, update on meta.writer to loader, transformer;
grant select on meta.runs to loader, transformer;
grant select, insert, update on meta.load_files to loader;
grant insert, select on meta.quality_results to loader, transformer;
grant select on meta.load_files to transformer, publisher;
grant select, insert, update, delete on meta.build_state to transformer;
grant select, insert on meta.builds to transformer;
grant select on meta.builds to publisher;
grant select, insert, delete on build.touched_log to transformer;
grant select on build.touched_log to publisher;
grant select, insert, update on meta.slot_contents to publisher;
grant select on meta.slot_contents to transformer;
grant select, insert, update on meta.erased_contacts to loader;
grant select, insert on meta.erased_identifiers to loader;
grant select, insert on meta.erasure_log to loader, publisher;
grant select on meta.erased_contacts, meta.erased_identifiers to transformer;
grant select, insert on meta.erased_users to transformer;
grant select, delete on meta.erased_users to publisher;
grant select, insert, delete on meta.publications to publisher;
grant select, update on meta.pointer to publisher;
grant select, insert on meta.approvals to publisher;
grant usage, create on schema raw to loader;
grant usage on schema raw to transformer;
grant usage on schema quarantine, vault to loader;
grant select, insert, delete on quarantine.rows to loader;
grant select, insert, delete on vault.identifiers to loader;
grant select, insert on vault.keys, meta.hash_key, meta.id_key to loader;
grant select on meta.id_key to transformer;
grant select on meta.hash_key to publisher;
grant select, delete on meta.first_hashes to loader;
grant select on meta.first_hashes to transformer;
grant usage, create on schema staging, build to transformer;
grant select, insert, delete on build.config_scenarios, build.config_tags, build.config_audiences to transformer;
grant select on build.config_scenarios, build.config_tags, build.config_audiences to publisher;
grant usage on schema build to publisher;
grant usage, create on schema slot_0, slot_1, slot_2, marts to publisher;
grant usage on schema marts to bi_reader;
revoke usage on schema meta from bi_reader;
grant select on marts.publication, marts.quality_results, marts.night_profile, marts.rejected_rows, marts.freshness, marts.erasure_log to bi_reader, publisher;
alter default privileges for role transformer in schema build grant select on tables to publisher;
