"""What the pages show, read in one read-only snapshot as the reader BI tools are."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import dict_row

from userops.warehouse.connection import connect


@contextmanager
def snapshot(url: str) -> Iterator[psycopg.Connection]:
    """One REPEATABLE READ, read-only transaction as `bi_reader`: every page shows the same version."""
    with connect(url, "bi_reader", row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def rows(connection: psycopg.Connection, query: str) -> list[dict] | None:
    """The query's rows; None where a mart it reads was never published."""
    try:
        with connection.transaction():  # a savepoint, so that a missing mart spoils nothing else
            return connection.execute(query).fetchall()
    except psycopg.errors.UndefinedTable:
        return None


PUBLISHED = """
select version, business_date, run_id, published_at
from marts.publication
where is_current
"""

# The newest run that checked anything, blocked or not.
LATEST_RUN = """
with latest as (
    select run_id from marts.quality_results order by checked_at desc limit 1
)

select
    results.run_id,
    max(results.business_date) as business_date,
    count(*) as checks,
    count(*) filter (where not results.passed and results.severity = 'critical') as critical,
    count(*) filter (where not results.passed and results.severity = 'warning') as warnings
from marts.quality_results as results
inner join latest on results.run_id = latest.run_id
group by results.run_id
"""


def headline(connection: psycopg.Connection) -> dict:
    """The header: the version that readers see, and how the gate judged the newest run."""
    published = rows(connection, PUBLISHED)
    latest = rows(connection, LATEST_RUN)
    version = published[0] if published else None
    run = latest[0] if latest else None
    return {"published": version, "run": run, "gate": _gate(version, run)}


def _gate(version: dict | None, run: dict | None) -> dict:
    if run is None:
        return {"state": "none", "text": "no check has run yet"}
    if run["critical"]:
        text = f"blocked {run['business_date']}: critical checks failed: {run['critical']}"
        return {"state": "blocked", "text": text}
    if version is None or run["run_id"] != version["run_id"]:
        return {"state": "other", "text": f"{run['business_date']} checked, another version is shown"}
    if run["warnings"]:
        return {"state": "warned", "text": f"passed with {run['warnings']} warning(s)"}
    return {"state": "passed", "text": f"passed, {run['checks']} checks"}
