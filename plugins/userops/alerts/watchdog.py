"""Check from outside that the last day is published by its hour, so that a run that never started is told too.

`userops watchdog` (for cron, without Airflow) and the DAG `watchdog` both call `watch`. It also delivers what is
pending in the outbox, so that messages go out while nothing runs, and sends an outage alert if the warehouse does not
answer.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx
import psycopg

from userops.alerts import message, outage, outbox
from userops.checks import CheckResult
from userops.errors import EXIT_FAILED, UseropsError
from userops.settings import Settings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url
from userops.warehouse.schema import migrate


def due_date(now: datetime, deadline: time) -> date:
    """The newest business date that must be published at the instant `now` (in the business time zone)."""
    return now.date() - timedelta(days=1 if now.time() >= deadline else 2)


def watch(
    settings: Settings, now: datetime | None = None, transport: httpx.BaseTransport | None = None
) -> CheckResult | None:
    """Look whether the due date is published; if the warehouse cannot be used, that is the finding."""
    try:
        url = warehouse_url(settings)
        migrate(url)
        with connect(url, "publisher") as connection:
            finding = look(connection, settings, now, transport)
    except psycopg.Error as error:
        return outage.tell(settings, str(error), transport)
    except UseropsError as error:
        # A wrong setting is the caller's to fix; it is no outage.
        if error.exit_code != EXIT_FAILED:
            raise
        return outage.tell(settings, error.what, transport)
    outage.clear(settings, transport)
    return finding


def look(
    connection: psycopg.Connection, settings: Settings, now: datetime | None = None,
    transport: httpx.BaseTransport | None = None,
) -> CheckResult | None:  # fmt: skip
    """Raise an alert if the due date is neither published nor already told of, in the role publisher.

    Returns the finding, or None if all is well. Commits.
    """
    local = (now or datetime.now(ZoneInfo(settings.timezone))).astimezone(ZoneInfo(settings.timezone))
    due = due_date(local, settings.deadline)
    published = connection.execute(
        "select version, business_date from meta.publications order by business_date desc, version desc limit 1"
    ).fetchone()
    finding = None
    if published is None or published[1] < due:
        finding = _finding(connection, settings, due, published)
        if not _is_told(connection, due):
            readers = (published[0], str(published[1])) if published else None
            outbox.raise_alert(connection, settings, f"watchdog-{due}", str(due), [finding], readers)
    connection.commit()
    outbox.deliver_pending(connection, settings, transport)
    return finding


def _finding(
    connection: psycopg.Connection, settings: Settings, due: date, published: tuple[int, date] | None
) -> CheckResult:
    language, deadline = settings.language, f"{settings.deadline:%H:%M}"
    run = connection.execute(
        "select state, started_at from meta.runs where business_date = %s order by token desc limit 1", [due]
    ).fetchone()
    key, state = ("late_run", run[0]) if run else ("late_no_run", "")
    observed = message.text(key, language, state=state)
    if published:
        observed += message.text("late_published", language, date=published[1])
    return CheckResult(
        "published_on_time", "manifest", "nightly", "critical", False, observed,
        message.text("late_expected", language, due=due, deadline=deadline),
        message.text("late_fix", language, due=due),
    )


def _is_told(connection: psycopg.Connection, due: date) -> bool:
    """A run of that date that blocked or failed has raised its own alert, and a held one waits for an approval.

    Ask the outbox, not the runs: a run that was killed is closed as failed by the next one, and nobody was told of it.
    """
    return connection.execute(
        "select exists (select from meta.outbox where business_date = %(due)s and kind = 'alert'"
        " and severity = 'critical')"
        " or exists (select from meta.runs where business_date = %(due)s and state = 'held')",
        {"due": due},
    ).fetchone()[0]
