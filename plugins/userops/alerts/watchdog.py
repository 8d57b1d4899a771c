"""Is the night there by its hour? Asked from outside the night, so that a run that never started is told too.

`userops watchdog` (for cron, without Airflow) and the DAG `watchdog` both call `watch`. It also sends what waits in the
outbox, so that messages go out although no night runs, and tells where the warehouse itself does not answer.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg

from userops.alerts import outage, outbox
from userops.checks import CheckResult
from userops.errors import EXIT_FAILED, UseropsError
from userops.settings import Settings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url
from userops.warehouse.schema import migrate


def due_date(now: datetime, deadline: time) -> date:
    """The newest business date that must be published at the instant `now` (in the business timezone)."""
    return now.date() - timedelta(days=1 if now.time() >= deadline else 2)


def watch(settings: Settings, now: datetime | None = None) -> CheckResult | None:
    """`look` where the warehouse can be used; where it cannot, that is the finding, told past the outbox."""
    try:
        url = warehouse_url(settings)
        migrate(url)
        with connect(url, "publisher") as connection:
            finding = look(connection, settings, now)
    except psycopg.Error as error:
        return outage.tell(settings, str(error))
    except UseropsError as error:
        # A wrong setting is for whoever calls; it is not the warehouse that is away.
        if error.exit_code != EXIT_FAILED:
            raise
        return outage.tell(settings, error.what)
    outage.clear(settings)
    return finding


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
    watch(Settings.load())


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
