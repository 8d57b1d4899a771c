"""What is published, and why the newest night is not."""

from datetime import date

import psycopg
from psycopg.rows import dict_row

from userops.warehouse.connection import connect


def status(url: str) -> dict:
    """The content of `userops status --json`."""
    with connect(url, row_factory=dict_row) as connection:
        if connection.execute("select to_regclass('meta.runs') as t").fetchone()["t"] is None:
            return _empty()
        run = connection.execute(
            "select run_id, business_date::text, state, error from meta.runs order by token desc limit 1"
        ).fetchone()
        current = connection.execute(
            "select publications.version, publications.business_date::text, publications.run_id,"
            " publications.published_at::text from meta.publications join meta.pointer using (version)"
        ).fetchone()
        if run is None:
            return _empty()
        blocked = connection.execute(
            "select check_name as check, subject, observed, expected, detail from meta.quality_results"
            " where run_id = %s and severity = %s and not passed order by checked_at",
            [run["run_id"], "warning" if run["state"] == "held" else "critical"],
        ).fetchall()
    base = _empty() | (current or {})
    return base | {
        "state": run["state"],
        "last_run": run,
        "blocked_by": blocked if run["state"] in ("blocked", "failed", "held") else [],
    }


def unpublished_since(connection: psycopg.Connection, business_date: date) -> date | None:
    """The last date of which nothing is new to readers; later ones are judged together. None before a publication.

    That is the published date, or an earlier one where a night up to `business_date` was run again after that and
    ended without a publication: its rows lie in raw and no gate has passed them.
    """
    return connection.execute(
        """
        with published as (
            select publications.business_date from meta.publications join meta.pointer using (version)
        ),
        newest as (
            select distinct on (business_date) business_date, state, started_at from meta.runs
            where business_date < %(day)s order by business_date, token desc
        ),
        open_nights as (
            select min(newest.business_date) as first from newest
            where newest.state <> 'published' and not exists (
                select from meta.publications
                where publications.business_date >= newest.business_date
                    and publications.published_at > newest.started_at)
        )
        select case when published.business_date is not null
            then least(published.business_date, open_nights.first - 1) end
        from open_nights left join published on true
        """,
        {"day": business_date},
    ).fetchone()[0]


def _empty() -> dict:
    return {
        "state": "empty",
        "version": None,
        "business_date": None,
        "run_id": None,
        "published_at": None,
        "blocked_by": [],
        "last_run": None,
    }
