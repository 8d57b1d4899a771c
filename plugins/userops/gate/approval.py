"""A night with warnings may wait for a person: held before publication, approved by name, never by time-out.

Critical failures cannot be approved. An approval stands for the findings of a date, so that the night may run again.
Every decision is kept with its reason in `meta.decisions`.
"""

import psycopg

from userops.checks import CheckResult
from userops.errors import UseropsError
from userops.gate.words import word

CHECK = "earlier_night_held"


def unapproved(connection: psycopg.Connection, business_date: str, results: list[CheckResult]) -> list[CheckResult]:
    """The warnings of a night that nobody has approved for its date."""
    approved = {
        tuple(row)
        for row in connection.execute(
            "select check_name, subject from meta.approvals where business_date = %s", [business_date]
        )
    }
    return [
        r for r in results if not r.passed and r.severity == "warning" and (r.check, r.subject) not in approved
    ]


def check_earlier(connection: psycopg.Connection, business_date: str, language: str = "en") -> list[CheckResult]:
    """Earlier nights that still wait for a person: what they hold back must not come out with tonight's rows."""
    held = connection.execute(
        "select distinct on (business_date) business_date::text, state from meta.runs"
        " where business_date < %s order by business_date, token desc", [business_date]
    ).fetchall()
    return [
        CheckResult(
            CHECK, "manifest", "folder", "critical", False, word("earlier_held", language, day=day),
            word("earlier_expected", language), word("earlier_fix", language, day=day),
        )
        for day, state in held if state == "held"
    ]


def waiting(connection: psycopg.Connection, business_date: str) -> dict | None:
    """The date and, as Markdown, the findings of a night that is held; None where it is not (any more)."""
    run = _newest_run(connection, business_date)
    if run is None or run[1] != "held":
        return None
    rows = connection.execute(
        "select distinct check_name, subject, observed, expected from meta.quality_results"
        " where run_id = %s and severity = 'warning' and not passed order by 1, 2", [run[0]]
    ).fetchall()
    findings = [f"- **{check}** on {where}: found {found}, expected {wanted}" for check, where, found, wanted in rows]
    return {"date": business_date, "findings": "\n".join(findings)}


def approve(connection: psycopg.Connection, business_date: str, by: str, reason: str = "") -> dict | None:
    """Write down who approved the findings of a held night; returns the night where its build can still be published.

    None where another night was built since: then the night runs again, and its approved findings hold it no more.
    """
    with connection.transaction():
        writer = connection.execute("select token from meta.writer for update").fetchone()[0]
        run_id, token = _held(connection, business_date)
        connection.execute(
            "insert into meta.approvals (business_date, run_id, check_name, subject, observed, approved_by)"
            " select distinct on (check_name, subject) business_date, run_id, check_name, subject, observed, %s"
            " from meta.quality_results where run_id = %s and severity = 'warning' and not passed"
            " on conflict do nothing",
            [by, run_id],
        )
        _decide(connection, run_id, business_date, "approved", by, reason)
        if token != writer:
            # The night is not closed by this: it still has to run.
            return None
        connection.execute("update meta.runs set state = 'running', ended_at = null where run_id = %s", [run_id])
        connection.execute("update meta.writer set heartbeat_at = now()")
    return {"run_id": run_id, "token": token, "business_date": business_date}


def reject(connection: psycopg.Connection, business_date: str, by: str, reason: str) -> str:
    """Write down who refused a held night and why; returns its run. It stays held: nothing of it is published."""
    with connection.transaction():
        connection.execute("select from meta.writer for update")
        run_id, _ = _held(connection, business_date)
        _decide(connection, run_id, business_date, "rejected", by, reason)
    return run_id


def _held(connection: psycopg.Connection, business_date: str) -> tuple[str, int]:
    """Id and token of the night of a date that waits for a person; raises UseropsError where none does."""
    run = _newest_run(connection, business_date)
    if run is None or run[1] != "held":
        raise UseropsError(
            f"No night of {business_date} waits for a person" + (f": it is {run[1]}." if run else "."),
            fix="`userops status` says what the newest night is; a blocked night cannot be approved.",
        )
    return run[0], run[2]


def _decide(
    connection: psycopg.Connection, run_id: str, business_date: str, decision: str, by: str, reason: str
) -> None:
    connection.execute(
        "insert into meta.decisions (run_id, business_date, decision, reason, decided_by) values (%s, %s, %s, %s, %s)",
        [run_id, business_date, decision, reason, by],
    )


def _newest_run(connection: psycopg.Connection, business_date: str) -> tuple[str, str, int] | None:
    """Id, state and token of the last run of a date."""
    return connection.execute(
        "select run_id, state, token from meta.runs where business_date = %s order by token desc limit 1",
        [business_date],
    ).fetchone()
