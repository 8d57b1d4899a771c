"""The steps of one night, in order; `dags/nightly.py` names them and says nothing more.

Every step finds its state in the warehouse, so each may run in a process of its own and be run again.
"""

import time
import uuid
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from userops.alerts import message, outbox
from userops.checks import CheckResult
from userops.errors import Blocked
from userops.gate import approval, runner
from userops.gate.decision import decide
from userops.ingest import landing, load_log, loader, owed_files, tables
from userops.privacy import erasure, keys
from userops.publish import privileges, publication
from userops.publish.status import unpublished_since
from userops.settings import Settings
from userops.transform import dbt
from userops.warehouse import lease, step_timings
from userops.warehouse.connection import connect, record_results
from userops.warehouse.location import warehouse_url
from userops.warehouse.schema import migrate


def begin(business_date: str) -> dict:
    """Take the right to write and look at key and delivery; returns what the later steps are told.

    Raises Blocked where the hash key is not the warehouse's: nothing is loaded then.
    """
    began = time.perf_counter()
    lease.release()
    settings, url = _place()
    keys.given(settings)
    day = date.fromisoformat(business_date)
    migrate(url)
    with connect(url, "loader") as connection:
        tables.ensure_raw_tables(connection)
    run_id = f"{business_date}-{uuid.uuid4().hex[:8]}"
    with connect(url, "publisher") as connection:
        token = lease.acquire(connection, run_id, business_date)
    lease.keep_alive(url, token)
    night = {"run_id": run_id, "token": token, "business_date": business_date}
    with connect(url, "loader") as connection, lease.transaction(connection, token):
        key = keys.check(connection, settings)
    _record(url, night, [key])
    if key.blocks:
        _judge(night)
    _record(url, night, landing.check_delivery(settings, day))
    with connect(url, "loader") as connection, lease.transaction(connection, token):
        load_log.settle_withdrawn(connection, day, landing.list_folder(settings, day))
    step_timings.note(url, night, "begin", "", time.perf_counter() - began)
    return night | {"delivered": landing.delivered(settings, day)}


def exports_of(night: dict, domain: str) -> list[str]:
    """The exports of one domain that this night's folder holds."""
    return night["delivered"].get(domain, [])


@step_timings.timed
def load(night: dict, export: str) -> int:
    """Load one export; what was wrong with its files is recorded for `check_raw` to judge."""
    settings, url = _place()
    lease.keep_alive(url, night["token"])
    with connect(url, "loader") as connection:
        results = loader.load_export(
            connection, settings, export, date.fromisoformat(night["business_date"]), night["run_id"], night["token"]
        )
        # The checks and models that follow join this table: they need to know how large it is now.
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier("raw", export)))
    _record(url, night, results or [loader.gone(export)])
    return len(results)


@step_timings.timed
def check_raw(night: dict) -> None:
    """Judge delivery, files and raw rows, and what earlier nights owe; a blocking failure ends the night here."""
    settings, url = _place()
    lease.keep_alive(url, night["token"])
    day = date.fromisoformat(night["business_date"])
    with connect(url, "loader") as connection:
        erasure.apply(connection, day, night["token"])
    with connect(url, "publisher") as connection:
        owed = owed_files.check_earlier(connection, settings, unpublished_since(connection, day), day)
        owed += approval.check_earlier(connection, night["business_date"])
    _record(url, night, owed)
    _run_suite(url, night, "raw")
    _judge(night)


@step_timings.timed
def build(night: dict) -> None:
    """Build and test the marts in `build`, where no reader looks."""
    settings, url = _place()
    lease.keep_alive(url, night["token"])
    results = dbt.build(settings, url, date.fromisoformat(night["business_date"]), night["token"])
    _record(url, night, results)
    _judge(night)


@step_timings.timed
def check_marts(night: dict) -> None:
    """Judge the marts: the last step before readers see them."""
    _, url = _place()
    lease.keep_alive(url, night["token"])
    _run_suite(url, night, "marts")
    _judge(night)


@step_timings.timed
def publish_marts(night: dict) -> int:
    """Put all marts before the readers at once; returns the version. Raises Blocked where the night is held."""
    settings, url = _place()
    lease.keep_alive(url, night["token"])
    if settings.hold_warnings:
        _hold(settings, url, night)
    marts = publication.marts_of_manifest(dbt.target_path(settings) / "manifest.json")
    # One transaction: a version that readers see is one whose messages wait in the outbox, and whose run is closed.
    with connect(url, "publisher") as connection, connection.transaction():
        version = publication.publish(connection, marts, night["run_id"], night["business_date"], night["token"])
        rights = privileges.check(connection)
        record_results(connection, night["run_id"], night["business_date"], rights)
        outbox.raise_recovery(connection, settings, night["run_id"], night["business_date"])
        _warn(connection, settings, night)
        lease.close(connection, night["run_id"], "published")
    lease.release()
    return version


def approve(business_date: str, by: str) -> int | None:
    """Publish a held night in a person's name; returns the version, or None where the night has to run again first."""
    settings, url = _place()
    with connect(url, "publisher") as connection:
        night = approval.approve(connection, business_date, by)
    if night is None:
        return None
    version = publish_marts(night)
    serve(night)
    return version


@step_timings.timed
def serve(night: dict) -> str:
    """Make the site from the published marts and send what waits in the outbox."""
    settings, url = _place()
    out = _site(settings, url)
    with connect(url, "publisher") as connection:
        outbox.deliver_pending(connection, settings)
    return str(out)


def _site(settings: Settings, url: str) -> Path:
    from userops.site.build import build_site

    return build_site(url, settings.home / "site", site_labels(settings))


def site_labels(settings: Settings) -> dict:
    """What the site says about the data beside the figures."""
    simulated = (settings.home / "simulated").exists()
    return {"simulated": simulated, "currency": settings.currency, "timezone": settings.timezone}


def fail(run_id: str, error: str) -> None:
    """Close a run that ended by an error nobody decided on, and say so to the people on call."""
    settings, url = _place()
    error = message.clean(error)
    with connect(url, "publisher") as connection:
        row = connection.execute(
            "select business_date::text from meta.runs where run_id = %s and state = 'running'", [run_id]
        ).fetchone()
        if row is None:
            return
        crash = CheckResult("run", "manifest", "nightly", "critical", False, error[:500], "the run ends by itself")
        record_results(connection, run_id, row[0], [crash])
        # One transaction with the run's end: a run that is closed has been told of.
        outbox.raise_alert(connection, settings, run_id, row[0], [crash], _published(connection))
        lease.end(connection, run_id, "failed", error)
        lease.release()
        outbox.deliver_pending(connection, settings)


def _place() -> tuple[Settings, str]:
    settings = Settings.load()
    url = warehouse_url(settings)
    return Settings.load(), url


def _record(url: str, night: dict, results: list[CheckResult]) -> None:
    with connect(url, "publisher") as connection:
        lease.assert_writer_token(connection, night["token"])
        record_results(connection, night["run_id"], night["business_date"], results)


def _run_suite(url: str, night: dict, layer: str) -> None:
    day = date.fromisoformat(night["business_date"])
    with connect(url, "publisher") as connection:
        since = unpublished_since(connection, day)
    _record(url, night, runner.run_suite(url, layer, day, since))


def _published(connection: psycopg.Connection) -> tuple[int, str] | None:
    return connection.execute(
        "select publications.version, publications.business_date::text"
        " from meta.publications join meta.pointer using (version)"
    ).fetchone()


def _results(connection: psycopg.Connection, run_id: str) -> list[CheckResult]:
    rows = connection.execute(
        "select check_name, layer, subject, severity, passed, observed, expected, detail"
        " from meta.quality_results where run_id = %s order by checked_at",
        [run_id],
    ).fetchall()
    return [CheckResult(*row) for row in rows]


def _judge(night: dict) -> None:
    settings, url = _place()
    with connect(url, "publisher") as connection:
        results = _results(connection, night["run_id"])
        if decide(results) != "block":
            return
        failed = [r for r in results if r.blocks]
        outbox.raise_alert(
            connection, settings, night["run_id"], night["business_date"], failed, _published(connection)
        )
        lease.end(connection, night["run_id"], "blocked", "; ".join(f"{r.check} on {r.subject}" for r in failed))
        outbox.deliver_pending(connection, settings)
    lease.release()
    # The dashboards keep their figures; their header must say that the newest night is not among them.
    _site(settings, url)
    raise Blocked(
        f"{night['business_date']} is blocked by {len(failed)} failed check(s): {failed[0].check}"
        f" on {failed[0].subject}: {failed[0].observed}, expected {failed[0].expected}."
    )


def _hold(settings: Settings, url: str, night: dict) -> None:
    """Stop a night whose warnings nobody has approved; readers keep the version they have."""
    day = night["business_date"]
    with connect(url, "publisher") as connection:
        open_warnings = approval.unapproved(connection, day, _results(connection, night["run_id"]))
        if not open_warnings:
            return
        outbox.raise_alert(
            connection, settings, night["run_id"], day, open_warnings, _published(connection), state="held"
        )
        lease.end(connection, night["run_id"], "held", "; ".join(f"{r.check} on {r.subject}" for r in open_warnings))
        outbox.deliver_pending(connection, settings)
    lease.release()
    _site(settings, url)
    first = open_warnings[0]
    raise Blocked(
        f"{day} is held for a person by {len(open_warnings)} warning(s): {first.check} on {first.subject}:"
        f" {first.observed}, expected {first.expected}.",
        fix=f"look at it, then `userops approve --date {day} --by NAME`.",
    )


def _warn(connection: psycopg.Connection, settings: Settings, night: dict) -> None:
    warnings = [r for r in _results(connection, night["run_id"]) if not r.passed and r.severity == "warning"]
    if warnings:
        outbox.raise_alert(
            connection, settings, night["run_id"], night["business_date"], warnings, _published(connection)
        )
