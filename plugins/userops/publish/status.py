"""What is published, and why the newest run is not."""

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from userops.warehouse.connection import connect

# Files that are owed and files that are delivered and not stored, up to a date (None: whatever is there).
Owed = Callable[[psycopg.Connection, date | None], dict[str, list]]
EMPTY = {
    "state": "empty",
    "version": None,
    "business_date": None,
    "run_id": None,
    "published_at": None,
    "blocked_by": [],
    "last_run": None,
    "owed": [],
    "not_stored": [],
}
LAST_RUN = "select run_id, business_date::text, state, error from meta.runs order by token desc limit 1"
CURRENT = """
    select publications.version, publications.business_date::text, publications.run_id, publications.published_at::text
    from meta.publications
    inner join meta.pointer on publications.version = pointer.version
"""
BLOCKED_BY = """
    select check_name as check, subject, observed, expected, detail
    from meta.quality_results
    where run_id = %s and severity = %s and not passed
    order by checked_at
"""
# A load is in a version if the version was built of all loads up to it, and up to its date.
SINCE = """
    with published as (
        select publications.business_date
        from meta.publications
        inner join meta.pointer on publications.version = pointer.version
    ),

    unpublished as (
        select min(loads.business_date) as first_date
        from meta.load_files as loads
        where loads.state = 'loaded' and loads.business_date <= %(day)s and not exists (
            select from meta.publications
            where publications.load_id >= loads.load_id and publications.business_date >= loads.business_date
        )
    )

    select least(published.business_date, %(day)s - 1, unpublished.first_date - 1)
    from published
    cross join unpublished
"""


def status(url: str, owed: Owed | None = None) -> dict[str, Any]:
    """The content of `userops status --json`; `owed` finds what is owed and what is not stored."""
    with connect(url) as connection:
        if connection.execute("select to_regclass('meta.runs')").fetchone()[0] is None:
            return dict(EMPTY)
        cursor = connection.cursor(row_factory=dict_row)
        run = cursor.execute(LAST_RUN).fetchone()
        found = EMPTY | (owed(connection, run and date.fromisoformat(run["business_date"])) if owed else {})
        if run is None:
            return found
        found |= cursor.execute(CURRENT).fetchone() or {}
        found |= {"state": run["state"], "last_run": run}
        if run["state"] in ("blocked", "failed", "held"):
            severity = "warning" if run["state"] == "held" else "critical"
            found["blocked_by"] = cursor.execute(BLOCKED_BY, [run["run_id"], severity]).fetchall()
    return found


def unpublished_since(connection: psycopg.Connection, business_date: date) -> date | None:
    """The last date up to which every load is in a published version; what came later is judged together.

    At the latest the day before the run's date, so that a date that is run again is judged again. None before the first
    publication.
    """
    row = connection.execute(SINCE, {"day": business_date}).fetchone()
    return row and row[0]
