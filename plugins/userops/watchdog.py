"""Is the night there by its hour? Asked from outside the night, so that a run that never started is told too.

`userops watchdog` (for cron, without Airflow) and the DAG `watchdog` both call `look`. It also sends what waits in the
outbox, so that messages go out although no night runs.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg

from userops.alerts import outbox
from userops.checks import CheckResult
from userops.settings import Settings
from userops.warehouse.pg import connect
from userops.warehouse.place import warehouse_url


def due_date(now: datetime, deadline: time) -> date:
    """The newest business date that must be published at the instant `now` (in the business timezone)."""
    return now.date() - timedelta(days=1 if now.time() >= deadline else 2)


def look(connection: psycopg.Connection, settings: Settings, now: datetime | None = None) -> CheckResult | None:
    """Raise an alert where the due date is neither published nor already told of, in the role publisher.

    Returns the finding, or None where all is well. Commits.
    """
    local = (now or datetime.now(ZoneInfo(settings.timezone))).astimezone(ZoneInfo(settings.timezone))
    due = due_date(local, settings.deadline)
    published = connection.execute(
        "select version, business_date from meta.publications order by business_date desc, version desc limit 1"
    ).fetchone()
    finding = None
    if published is None or published[1] < due:
        finding = _finding(connection, due, settings.deadline, published)
        if not _is_told(connection, due):
            readers = (published[0], str(published[1])) if published else None
            outbox.raise_alert(connection, settings, f"watchdog-{due}", str(due), [finding], readers)
    connection.commit()
    outbox.deliver_pending(connection, settings)
    return finding


def deadline_missed(**_: object) -> None:
    """What Airflow calls where a run of `nightly` is not done by the deadline."""
    settings = Settings.load()
    with connect(warehouse_url(settings), "publisher") as connection:
        look(connection, settings)


def _finding(
    connection: psycopg.Connection, due: date, deadline: time, published: tuple[int, date] | None
) -> CheckResult:
    run = connection.execute(
        "select state, started_at from meta.runs where business_date = %s order by token desc limit 1", [due]
    ).fetchone()
    observed = "no run of that date" if run is None else f"its newest run is {run[0]}"
    if published:
        observed += f", the newest published date is {published[1]}"
    return CheckResult(
        "night_published", "manifest", "nightly", "critical", False, observed,
        f"{due} published by {deadline:%H:%M}", "look at Airflow, then run `userops night --date D`",
    )


def _is_told(connection: psycopg.Connection, due: date) -> bool:
    """A night of that date that blocked or failed has raised its own alert, and a held one waits for a person.

    The outbox is asked, not the runs: one that was killed is closed as failed by the next, and nobody told of it.
    """
    return connection.execute(
        "select exists (select from meta.outbox where business_date = %(due)s and kind = 'alert'"
        " and severity = 'critical')"
        " or exists (select from meta.runs where business_date = %(due)s and state = 'held')",
        {"due": due},
    ).fetchone()[0]
