-- Roles, schemas and bookkeeping tables of the warehouse. Each file here is safe to run again at any time.
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
