"""What readers see of `meta`, beside the marts that a publication makes."""

from alembic import op

revision = "0007"
down_revision = "0006"

# The versions that led to the one that readers see: after a rollback, what was taken back is not among them.
CHAIN = """
    create view meta.published_chain as
    with recursive chain as (
        select publications.version, publications.base_version, publications.business_date
        from meta.publications
        inner join meta.pointer on publications.version = pointer.version
        union all
        select publications.version, publications.base_version, publications.business_date
        from meta.publications
        inner join chain on publications.version = chain.base_version
    )
    select version, business_date from chain
"""
VIEWS = {
    "publication": (
        "One row per version ever published; is_current marks the one that readers see.",
        """
        select
            publications.version,
            publications.business_date,
            publications.run_id,
            publications.published_at,
            publications.published_by,
            publications.base_version,
            publications.version is not distinct from pointer.version as is_current
        from meta.publications
        cross join meta.pointer
        """,
    ),
    "quality_results": (
        "One row per check of every run, blocked runs included.",
        """
        select
            business_date, run_id, check_name, layer, subject, severity, passed, observed, expected, detail, checked_at
        from meta.quality_results
        """,
    ),
    "step_timings": (
        "One row per step of a run, per export of the step ingest (part), and per model or test of its build.",
        """
        select run_id, business_date, step, part, seconds, null::bigint as rows, ended_at
        from meta.step_timings
        union all
        select run_id, business_date, 'model', check_name, seconds, rows, checked_at
        from meta.quality_results
        where layer = 'dbt' and seconds is not null
        """,
    ),
    "rejected_rows": (
        "One row per business date, export and reason for which delivered rows were set aside.",
        """
        select business_date, export, reason, count(*) as rejected
        from quarantine.rows
        group by business_date, export, reason
        """,
    ),
    "erasure_log": (
        "One row per erasure request and table: how many rows it removed or emptied, and when last. No identifier.",
        """
        select request_id, table_name, sum(rows)::bigint as rows, max(erased_at) as erased_at
        from meta.erasure_log
        group by request_id, table_name
        """,
    ),
    "freshness": (
        "One row per export that ever came: its newest business date, how far it lags, files declared known missing.",
        """
        select
            export,
            max(business_date) filter (where state = 'loaded') as last_business_date,
            max(loaded_at) filter (where state = 'loaded') as last_loaded_at,
            sum(rows_loaded) filter (where state = 'loaded') as rows_loaded,
            sum(rows_quarantined) filter (where state = 'loaded') as rows_quarantined,
            max(max(business_date) filter (where state = 'loaded')) over ()
            - max(business_date) filter (where state = 'loaded') as days_behind,
            count(*) filter (where state = 'waived') as waived_files
        from meta.load_files
        where state in ('loaded', 'waived')
        group by export
        """,
    ),
    "user_merges": (
        "One row per change of a published user id and version: merge where several ids became one, split where"
        " contacts of one id have several now, renamed otherwise.",
        """
        select log.old_user_id, log.new_user_id, log.kind, chain.version, chain.business_date, log.contacts
        from meta.log_user_ids as log
        inner join meta.published_chain as chain on log.version = chain.version
        """,
    ),
    "tag_monthly": (
        "One row per tag and month: users who bore it at the last publication of the month, and their share of users.",
        """
        with last_of_month as (
            select date_trunc('month', business_date)::date as month, max(version) as version
            from meta.published_chain
            group by 1
        )

        select
            log.tag_code,
            last_of_month.month,
            log.users,
            round(log.users::numeric / nullif(log.all_users, 0), 6) as share,
            last_of_month.version
        from meta.log_tag_counts as log
        inner join last_of_month on log.version = last_of_month.version
        """,
    ),
    "audience_changes": (
        "One row per audience and publication: users who entered it and left it, and its members.",
        """
        select log.audience_code, chain.version, chain.business_date, log.entered, log."left", log.members
        from meta.log_audiences as log
        inner join meta.published_chain as chain on log.version = chain.version
        """,
    ),
}


def upgrade() -> None:
    op.execute(CHAIN)
    for name, (comment, select) in VIEWS.items():
        op.execute(f"create view marts.{name} as {select}")
        op.execute(f"comment on view marts.{name} is '{comment}'")


def downgrade() -> None:
    for name in VIEWS:
        op.execute(f"drop view marts.{name}")
    op.execute("drop view meta.published_chain")
