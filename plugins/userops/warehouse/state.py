"""What is published, and why the newest night is not."""

from psycopg.rows import dict_row

from userops.warehouse.pg import connect


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
            " where run_id = %s and severity = 'critical' and not passed order by checked_at",
            [run["run_id"]],
        ).fetchall()
    base = _empty() | (current or {})
    return base | {
        "state": run["state"],
        "last_run": run,
        "blocked_by": blocked if run["state"] in ("blocked", "failed") else [],
    }


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
