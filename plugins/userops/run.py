"""The steps of a run, in order; `dags/nightly.py` names them and says nothing more.

A run of business date D rebuilds every mart from everything stored up to D. Every step finds its state in the warehouse
and the lake, so each may run in a process of its own and be run again. `Run` is what `begin` returns: JSON alone.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg

from userops import scoring
from userops.alerts import message, outbox
from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.engines import Engine, open_engine
from userops.errors import Blocked, UseropsError
from userops.gate import approval, decision, docs, inputs, measures, runner, suites, wording
from userops.ingest import check_owed, list_work, load_export, newest_delivered
from userops.ingest.delivery import required_exports
from userops.privacy import erasure, keys
from userops.publish import privileges, publication
from userops.publish.marts import marts_of_manifest
from userops.publish.status import unpublished_since
from userops.settings import Settings
from userops.steps import Run, builds, step
from userops.tags.store import write_catalog
from userops.transform import dbt, model_docs, project
from userops.warehouse import lease, step_timings
from userops.warehouse.connection import connect, record_results
from userops.warehouse.location import warehouse_url
from userops.warehouse.schema import migrate

STEPS = (
    "begin", "ingest", "prepare", "check_raw", "resolve_identity", "build", "score", "build_scored", "check_marts",
    "publish", "serve",
)  # fmt: skip
PARAMETERS = """
insert into meta.run_parameters (business_date, timezone, currency, run_id, token) values (%s, %s, %s, %s, %s)
on conflict (only_row) do update set business_date = excluded.business_date, timezone = excluded.timezone,
    currency = excluded.currency, run_id = excluded.run_id, token = excluded.token
"""


def begin(settings: Settings, business_date: date | None, *, allow_older: bool = False, rebuild: bool = False) -> Run:
    """Acquire the right to write and list the work: the files that are delivered and not stored, by domain and export.

    Without a date the newest delivered one is run; with `rebuild` what is stored, of the published date by default.
    Raises Blocked if the hash key is not the warehouse's: nothing is loaded then.
    """
    began = time.perf_counter()
    lease.release()
    keys.given(settings)
    url = warehouse_url(settings)
    migrate(url)
    day = business_date or choose_date(settings, url, rebuild)
    with connect(url, "publisher") as connection:
        publication.refuse_older(connection, day, allow_older)
        run: Run = {"run_id": f"{day}-{uuid.uuid4().hex[:8]}", "business_date": day.isoformat()}
        run["token"] = lease.acquire(connection, run["run_id"], run["business_date"])
    lease.keep_alive(url, run["token"])
    with connect(url, "loader") as connection, lease.transaction(connection, run["token"]):
        key = keys.check(connection, settings)
    _record(url, run, [key])
    if key.blocks:
        _judge(settings, url, run)
    run["is_rebuild"] = rebuild
    run["work"] = {} if rebuild else _list_work(settings, url, run)
    step_timings.note(url, run, "begin", "", time.perf_counter() - began)
    return run


def choose_date(settings: Settings, url: str, rebuild: bool) -> date:
    """The date of a run that was given none: the published one for a rebuild, else the newest delivered."""
    if not rebuild:
        return newest_delivered(settings)
    with connect(url, "publisher") as connection:
        published = publication.published(connection)
    if published is None:
        raise UseropsError("Nothing has been published yet.", fix="run a delivered date: `userops run --date D`.")
    return published.business_date


def _list_work(settings: Settings, url: str, run: Run) -> dict[str, list[str]]:
    """The exports that have files to store, by domain; what is wrong with the delivery as a whole is recorded."""
    with connect(url, "loader") as connection:
        found = list_work(connection, settings, _day(run), run["token"])
    _record(url, run, found.results)
    return found.exports


@step
def ingest(settings: Settings, url: str, run: Run, export: str) -> int:
    """Store the files of one export; what is wrong with them is recorded for `check_raw` to judge."""
    with connect(url, "loader") as connection:
        results = load_export(connection, settings, export, _day(run), run["run_id"], run["token"])
    _record(url, run, results)
    return len(results)


@builds(after=None)
def prepare(settings: Settings, url: str, run: Run) -> None:
    """Build staging, the graph of identifiers and the measures of raw, from everything stored up to the date."""
    with connect(url, "loader") as connection:
        erasure.apply(connection, settings, _day(run), run["token"])
    _write_inputs(settings, url, run)
    write_catalog(url, settings.project_root)
    with _engine(settings, url, run) as engine:
        engine.open_raw(_day(run))
    _build(settings, url, run, "prepare")


@step
def check_raw(settings: Settings, url: str, run: Run) -> None:
    """Judge what is stored and what is owed since the published version; a blocking failure ends the run here.

    A rebuild needs no delivery, so nothing is owed to it.
    """
    with connect(url, "publisher") as connection:
        results = [] if run["is_rebuild"] else check_owed(connection, settings, _day(run), run["run_id"])
        results += approval.check_earlier(connection, run["business_date"], settings.language)
        recorded = _results(connection, run["run_id"])
    judged = runner.run_checkpoint(settings, url, "raw", run)
    _record(url, run, results + wording.with_reasons(judged, recorded, settings.language))
    _judge(settings, url, run)


@builds(after=prepare)
def resolve_identity(settings: Settings, url: str, run: Run) -> None:
    """Join linked identifiers into users: the connected components of their graph."""
    with _engine(settings, url, run) as engine:
        scoring.resolve_identity(engine)


@builds(after=resolve_identity)
def build(settings: Settings, url: str, run: Run) -> None:
    """Build and test what needs no scores, where no reader looks."""
    _build(settings, url, run, "build")


@builds(after=build)
def score(settings: Settings, url: str, run: Run) -> None:
    """Compute customer value, interests, Markov credits and the referral forest."""
    with _engine(settings, url, run) as engine:
        _record(url, run, scoring.score(engine, project.variables(settings), _day(run)))
    _judge(settings, url, run)


@builds(after=score)
def build_scored(settings: Settings, url: str, run: Run) -> None:
    """Build and test what reads scores, then deliver the marts into the warehouse."""
    _build(settings, url, run, "scored")
    project.mark_manifest(settings, run["run_id"])


@step
def check_marts(settings: Settings, url: str, run: Run) -> None:
    """Judge the marts: the last step before readers see them."""
    _record(url, run, runner.run_checkpoint(settings, url, "marts", run))
    _judge(settings, url, run)


@step
def publish(settings: Settings, url: str, run: Run) -> int:
    """Put all marts before the readers at once; returns the version. Raises Blocked if the run is held."""
    if settings.hold_warnings:
        _hold(settings, url, run)
    with _engine(settings, url, run) as engine:
        marts = marts_of_manifest(project.manifest_of(settings, engine, run["run_id"]))
    # One transaction: a version that readers see is one whose messages are in the outbox, and whose run is closed.
    with connect(url, "publisher") as connection, connection.transaction():
        version = publication.publish(connection, marts, run["run_id"], run["business_date"], run["token"])
        rights = privileges.check(connection)
        record_results(connection, run["run_id"], run["business_date"], rights)
        outbox.raise_recovery(connection, settings, run["run_id"], run["business_date"])
        _warn(connection, settings, run)
        lease.close(connection, run["run_id"], "published")
    lease.release()
    return version


@step
def serve(settings: Settings, url: str, run: Run) -> str:
    """Build the site of the published marts and the pages of the checks; deliver what is pending in the outbox."""
    out = build_site(settings, url)
    docs.build(settings, url)
    with connect(url, "publisher") as connection:
        outbox.deliver_pending(connection, settings)
    return str(out)


def approve(settings: Settings, business_date: str, by: str, reason: str = "") -> int | None:
    """Publish a held run in a person's name; returns the version, or None if the date has to run again first."""
    run = release(settings, business_date, by, reason)
    if run is None:
        return None
    serve(settings, run)
    return run["version"]


def release(settings: Settings, business_date: str, by: str, reason: str = "") -> Run | None:
    """The same without `serve`, for whoever cannot wait for the site; returns the run with its version."""
    with connect(warehouse_url(settings), "publisher") as connection:
        run = approval.approve(connection, business_date, by, reason)
    return run and run | {"version": publish(settings, run)}


def fail(settings: Settings, run_id: str, error: str) -> None:
    """Close a run that ended by an error nobody decided on, and tell the people on call."""
    url = warehouse_url(settings)
    error = message.clean(error)
    with connect(url, "publisher") as connection:
        row = connection.execute(
            "select business_date::text from meta.runs where run_id = %s and state = 'running'", [run_id]
        ).fetchone()
        if row is None:
            return
        expected = message.text("crash_expected", settings.language)
        crash = CheckResult("run", "manifest", "nightly", "critical", False, error[:500], expected)
        record_results(connection, run_id, row[0], [crash])
        # One transaction with the run's end: nobody can have missed why a run is closed.
        outbox.raise_alert(connection, settings, run_id, row[0], [crash], _published(connection))
        lease.end(connection, run_id, "failed", error)
        lease.release()
        outbox.deliver_pending(connection, settings)


def build_site(settings: Settings, url: str) -> Path:
    """Build the dashboard site; returns its folder. dbt's documentation is part of it where this machine ran dbt."""
    from userops.site.build import build_site as build_pages

    simulated, manifest = (settings.home / "simulated").exists(), dbt.target_path(settings) / "manifest.json"
    labels = {"simulated": simulated, "currency": settings.currency, "timezone": settings.timezone}
    labels["models"] = model_docs.page(manifest)
    return build_pages(url, settings.home / "site", labels, settings.project_root / "dashboards")


def _day(run: Run) -> date:
    return date.fromisoformat(run["business_date"])


@contextmanager
def _engine(settings: Settings, url: str, run: Run) -> Iterator[Engine]:
    engine = open_engine(settings, url, run["token"])
    try:
        yield engine
    finally:
        engine.close()


def _build(settings: Settings, url: str, run: Run, selector: str) -> None:
    """Build one part of the dbt project, judge its models and tests, and deliver what others read of it."""
    with _engine(settings, url, run) as engine:
        results = dbt.build(settings, engine, selector)
    _record(url, run, results)
    _judge(settings, url, run)
    built = {result.check for result in results if result.passed}
    with _engine(settings, url, run) as engine:
        # A measure that is missing is for the checks that read it to say; anything else that is has blocked the run.
        engine.deliver(
            relation
            for relation in project.delivered(settings, selector)
            if not relation.startswith(f"{dbt.MEASURES}.") or relation.split(".")[1] in built
        )


def _write_inputs(settings: Settings, url: str, run: Run) -> None:
    """Write what models read beside the rows: the run's parameters, what contracts promise, what readers see."""
    day = _day(run)
    with connect(url, "publisher") as connection:
        published, since = publication.published(connection), unpublished_since(connection, day)
    with connect(url, "transformer") as connection, lease.transaction(connection, run["token"]):
        connection.execute(PARAMETERS, [day, settings.timezone, settings.currency, run["run_id"], run["token"]])
        inputs.write(connection, load_contracts(), required_exports(settings), published and published[:2], since)
        # A measure that fails to build has no answer, not that of the last run.
        measures.drop(connection)


def _record(url: str, run: Run, results: list[CheckResult]) -> None:
    with connect(url, "publisher") as connection:
        lease.assert_writer_token(connection, run["token"])
        record_results(connection, run["run_id"], run["business_date"], results)


def _published_date(connection: psycopg.Connection) -> tuple[int, date] | None:
    """The version that readers see and its date."""
    current = publication.published(connection)
    return current and (current.version, current.business_date)


def _published(connection: psycopg.Connection) -> tuple[int, str] | None:
    """The same as alerts tell it."""
    current = _published_date(connection)
    return current and (current[0], current[1].isoformat())


def _results(connection: psycopg.Connection, run_id: str) -> list[CheckResult]:
    rows = connection.execute(
        "select check_name, layer, subject, severity, passed, observed, expected, detail"
        " from meta.quality_results where run_id = %s order by checked_at",
        [run_id],
    ).fetchall()
    return [CheckResult(*row) for row in rows]


def _judge(settings: Settings, url: str, run: Run) -> None:
    """End the run as blocked if a critical check failed: alert, keep the readers' version, raise Blocked."""
    with connect(url, "publisher") as connection:
        results = _results(connection, run["run_id"])
        if decision.decide(results) != "block":
            return
        failed = [result for result in results if result.blocks]
        _stop(connection, settings, run, failed, "blocked")
    # The dashboards keep their figures; their header has to say that the newest date is not among them.
    build_site(settings, url)
    docs.build(settings, url)
    checks = "1 check" if len(failed) == 1 else f"{len(failed)} checks"
    raise Blocked(f"{run['business_date']} is blocked: {checks} failed. {_first(failed)}")


def _hold(settings: Settings, url: str, run: Run) -> None:
    """End the run as held if it has warnings that nobody approved; readers keep the version they have."""
    day = run["business_date"]
    with connect(url, "publisher") as connection:
        warnings = approval.unapproved(connection, day, _results(connection, run["run_id"]))
        if not warnings:
            return
        _stop(connection, settings, run, warnings, "held")
    build_site(settings, url)
    found = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    raise Blocked(
        f"{day} is held for approval: {found}. {_first(warnings)}",
        fix=f"look at it, then `userops approve --date {day} --by NAME`.",
    )


def _stop(
    connection: psycopg.Connection, settings: Settings, run: Run, failed: list[CheckResult], state: str
) -> None:
    """Close the run, with its alert in the same transaction, and deliver the alert."""
    outbox.raise_alert(
        connection, settings, run["run_id"], run["business_date"], failed, _published(connection),
        "" if state == "blocked" else state, suites.explanations(settings),
    )  # fmt: skip
    lease.end(connection, run["run_id"], state, "; ".join(message.part(result) for result in failed))
    outbox.deliver_pending(connection, settings)
    lease.release()


def _first(failed: list[CheckResult]) -> str:
    first = failed[0]
    return f"First: {first.check} on {first.subject}: found {first.observed}, expected {first.expected}."


def _warn(connection: psycopg.Connection, settings: Settings, run: Run) -> None:
    warnings = [r for r in _results(connection, run["run_id"]) if not r.passed and r.severity == "warning"]
    if warnings:
        outbox.raise_alert(
            connection, settings, run["run_id"], run["business_date"], warnings, _published(connection),
            explains=suites.explanations(settings),
        )  # fmt: skip
