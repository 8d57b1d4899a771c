"""The tasks of the DAGs: they load the settings, find the run that `begin` returned, and call its step.

Nothing here imports Airflow at the top: DAG files are parsed all the time, and the command line reads this module too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from userops import airflow_runtime
from userops.errors import EXIT_BLOCKED, EXIT_USAGE, UseropsError
from userops.settings import Settings

# The steps that read what the engine builds, in order.
ENGINE_STEPS = ("prepare", "check_raw", "resolve_identity", "build", "score", "build_scored", "check_marts")


def begin(context: dict[str, Any]) -> dict[str, Any]:
    """Begin a run; returns what its other steps are told."""
    from userops import run

    settings, params = airflow_runtime.task_settings(), context["params"]
    # A command says at once that another run is writing; a scheduler lets the task wait for that run's end.
    with _final_if_decided(whatever=airflow_runtime.is_in_process()):
        return run.begin(
            settings, business_date(context, settings), allow_older=params["allow_older"], rebuild=params["rebuild"]
        )


def business_date(context: dict[str, Any], settings: Settings) -> date | None:
    """The date a run is for: its parameter, else its logical date; None is the newest delivered (or published) one.

    A run that somebody triggers without a date has the present as its logical date, and today is not over yet.
    """
    if context["params"]["date"]:
        return date.fromisoformat(context["params"]["date"])
    logical = context.get("logical_date")
    if logical is None:
        return None
    zone = ZoneInfo(settings.timezone)
    day = logical.astimezone(zone).date()
    return day if day < datetime.now(zone).date() else None


def step(name: str, context: dict[str, Any], *part: str) -> Any:
    """Run the step of that name; `part` is the export of a mapped task."""
    from userops import run

    with _final_if_decided():
        return getattr(run, name)(airflow_runtime.task_settings(), _run_of(context), *part)


def is_held(context: dict[str, Any]) -> bool:
    """Whether the run waits for an approval that a scheduler can ask for."""
    from userops.gate import approval
    from userops.warehouse.connection import connect
    from userops.warehouse.location import warehouse_url

    run = _run_of(context)
    if run is None or airflow_runtime.is_in_process():
        return False
    with connect(warehouse_url(airflow_runtime.task_settings()), "publisher") as connection:
        return approval.waiting(connection, run["business_date"]) is not None


def waiting(context: dict[str, Any]) -> dict[str, str] | None:
    """The date and the findings of the held run of the date asked about; None if it is not held (any more)."""
    from userops.gate import approval
    from userops.warehouse.connection import connect
    from userops.warehouse.location import warehouse_url

    with connect(warehouse_url(airflow_runtime.task_settings()), "publisher") as connection:
        return approval.waiting(connection, context["params"]["date"])


def approve(day: str, name: str) -> int | None:
    """Publish a held run in a person's name; None if the date has to run again first."""
    from userops import run

    with _final_if_decided():
        return run.approve(airflow_runtime.task_settings(), day, name)


def erase(context: dict[str, Any]) -> str:
    """Erase or restrict a person; returns the published date, which has to be built again."""
    from userops.privacy import erasure
    from userops.warehouse.location import warehouse_url

    settings, params = airflow_runtime.task_settings(), context["params"]
    with _final_if_decided():
        done = erasure.on_request(
            settings, warehouse_url(settings), params["contact_id"], params["scope"], person=params["person"]
        )
    return done.isoformat()


def list_destinations() -> list[dict[str, Any]]:
    """What activation.yml exports after each publication."""
    from userops.activation import destinations

    return [wanted.model_dump() for wanted in destinations.load(airflow_runtime.task_settings())]


def activate(destination: dict[str, Any]) -> dict[str, Any]:
    """Export one audience; returns the counts and the names of its files."""
    from userops.activation import destinations
    from userops.warehouse.location import warehouse_url

    settings = airflow_runtime.task_settings()
    with _final_if_decided():
        wanted = destinations.Destination.model_validate(destination)
        done = destinations.activate(settings, warehouse_url(settings), wanted, settings.home / "activation")
    return asdict(done) | {"business_date": done.business_date.isoformat()}


def watch() -> str:
    """Alert if the last day is not published by its hour; returns what was found."""
    from userops.alerts import watchdog

    finding = watchdog.watch(airflow_runtime.task_settings())
    return finding.observed if finding else "the last day is published"


def report_failure(context: dict[str, Any]) -> None:
    """Close a run that ended by an error, not by a decision of the gate, and tell the people on call."""
    error = context.get("exception")
    airflow_runtime.note_failure(getattr(error, "__cause__", None) or error or RuntimeError("a task failed"))
    begun = _run_of(context)
    if begun:
        from userops import run

        run.fail(airflow_runtime.task_settings(), begun["run_id"], str(error or "a task failed"))


def _run_of(context: dict[str, Any]) -> dict[str, Any] | None:
    return context["ti"].xcom_pull(task_ids="begin")


@contextmanager
def _final_if_decided(whatever: bool = False) -> Iterator[None]:
    """Fail the task for good, without a retry, if the run was blocked or cannot be run as asked (or `whatever`)."""
    from airflow.sdk.exceptions import AirflowFailException

    try:
        yield
    except Exception as error:
        if whatever or (isinstance(error, UseropsError) and error.exit_code in (EXIT_BLOCKED, EXIT_USAGE)):
            raise AirflowFailException(str(error)) from error
        raise
