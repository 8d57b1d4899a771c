"""Run one night from the command line and say how it ended."""

import os
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from userops import airflow_runtime
from userops.errors import EXIT_BLOCKED, EXIT_FAILED, EXIT_OK, UseropsError
from userops.publish.status import status
from userops.settings import Settings
from userops.warehouse import step_timings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url

out = Console(soft_wrap=True)
MODELS_SHOWN = 15


def run_one(day: date, landing: str | None) -> int:
    """One business date through the DAG; returns the documented exit code."""
    if landing:
        os.environ["USEROPS_LANDING"] = landing if "://" in landing else str(Path(landing).resolve())
    settings = Settings.load()
    require_folder(settings, day)
    url = warehouse_url(settings)
    if not Settings.load().hash_key:
        raise UseropsError(
            "There is no key to hash identifiers with.",
            fix="set USEROPS_HASH_KEY to 32 random characters or more, and keep it: hashes hang on it.",
        )
    airflow_runtime.configure(settings)
    airflow_runtime.migrate(settings)
    before = _newest(url, day)
    airflow_runtime.run_night(settings, day.isoformat())
    run = _newest(url, day)
    if run is None or run == before:
        out.print(f"{day} did not begin: another run is writing, or the warehouse went away. Safe to run again.")
        return EXIT_FAILED
    return report(url, day, run)


def _newest(url: str, day: date) -> tuple[str, str, str] | None:
    if status(url)["state"] == "empty":
        return None
    return airflow_runtime.last_run(url, day.isoformat())


def report(url: str, day: date, run: tuple[str, str, str]) -> int:
    """Say how the run ended, and its exit code."""
    run_id, state, error = run
    if state == "running":
        from userops.run import fail

        fail(run_id, "the run ended without a decision; its log is airflow/night.log below USEROPS_HOME")
        state = "failed"
    now = status(url)
    readers = f"readers see version {now['version']} of {now['business_date']}"
    if state == "published":
        out.print(f"{day} published: {readers}.")
        return EXIT_OK
    if state in ("blocked", "held"):
        approve = f" To publish it all the same: `userops approve --date {day} --by NAME`." if state == "held" else ""
        out.print(f"{day} {state}: {readers}.{approve}")
        for row in now["blocked_by"]:
            out.print(
                f"  {row['check']} on {row['subject']}: found {row['observed']}, expected {row['expected']}"
                + (f" ({row['detail']})" if row["detail"] else "")
            )
        return EXIT_BLOCKED
    out.print(f"{day} failed: {error or 'see meta.quality_results'}; {readers}. It is safe to run again.")
    return EXIT_FAILED


def show_profile(day: date, whole: float) -> None:
    """The steps of the newest run of a date, what Airflow and start-up took besides, and the slowest models."""
    url = warehouse_url(Settings.load())
    run = _newest(url, day)
    if run is None:
        out.print(f"No run of {day} is on record.")
        return
    with connect(url, "publisher") as connection:
        rows = step_timings.of_run(connection, run[0])
    steps = [(f"{step} {part}".strip(), float(seconds)) for step, part, seconds, _ in rows if step != "model"]
    between = whole - sum(seconds for _, seconds in steps)
    table = Table("step", Column("seconds", justify="right"), Column("share", justify="right"))
    for name, seconds in [*steps, ("start-up and orchestration", between), ("whole", whole)]:
        table.add_row(name, f"{seconds:.1f}", f"{seconds / whole:.0%}")
    out.print(table)
    models = sorted((row for row in rows if row[0] == "model"), key=lambda row: -row[2])[:MODELS_SHOWN]
    table = Table("slowest models and tests", Column("seconds", justify="right"), Column("rows", justify="right"))
    for _, name, seconds, written in models:
        table.add_row(name, f"{seconds:.1f}", "" if written is None else f"{written:,}")
    out.print(table)


def require_folder(settings: Settings, day: date) -> None:
    """A date without a folder is a usage error, not a blocked night, when it is asked for by hand."""
    if "://" in settings.landing:
        return
    root = Path(settings.landing)
    if not root.is_dir():
        raise UseropsError(f"The landing folder {root} is not there.", fix="set USEROPS_LANDING or --landing.")
    if not (root / day.isoformat()).is_dir():
        raise UseropsError(
            f"{root} has no folder {day.isoformat()}.",
            fix=f"deliver the exports of that date to {root}/{day.isoformat()}/ or give another --date.",
        )
