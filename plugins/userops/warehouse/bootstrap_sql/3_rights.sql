-- What each role may do (userops.publish.privileges compares).
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
-- dbt makes these anew every night as the transformer; earlier versions made them as whoever the warehouse belongs to.
do $$ begin
    execute (
        select coalesce(string_agg(format('alter routine %s owner to transformer;', oid::regprocedure), ' '), 'select 1')
        from pg_proc where pronamespace = 'build'::regnamespace and proowner <> 'transformer'::regrole
    );
end $$;
grant select, insert, delete on build.config_scenarios, build.config_tags, build.config_audiences to transformer;
grant select on build.config_scenarios, build.config_tags, build.config_audiences to publisher;
grant usage on schema build to publisher;
grant usage, create on schema slot_0, slot_1, slot_2, marts to publisher;
grant usage on schema marts to bi_reader;
revoke usage on schema meta from bi_reader;
grant select on marts.publication, marts.quality_results, marts.step_timings, marts.rejected_rows, marts.freshness, marts.erasure_log to bi_reader, publisher;
alter default privileges for role transformer in schema build grant select on tables to publisher;
