"""`userops run` and `userops backfill`: run business dates through the DAG and say how each ended."""

import os
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from userops import airflow_runtime
from userops.cli.edge import err, load_settings, out, parse_day, with_landing
from userops.errors import EXIT_BLOCKED, EXIT_FAILED, EXIT_OK, UseropsError, first_line
from userops.publish.status import status
from userops.settings import Settings
from userops.warehouse import step_timings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url

MODELS_SHOWN = 15

Landing = Annotated[str | None, typer.Option(help="Landing folder or fsspec URL.")]
AllowOlder = Annotated[bool, typer.Option("--allow-older", help="Run a date before the published one.")]


@dataclass(frozen=True)
class Outcome:
    """The newest run in `meta.runs`."""

    run_id: str
    business_date: date
    state: str
    error: str


def run(
    date: Annotated[str | None, typer.Option(help="Business date; the newest delivered by default.")] = None,
    landing: Landing = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build from what is stored, without a delivery; the published date.")
    ] = False,
    allow_older: AllowOlder = False,
    timings: Annotated[bool, typer.Option("--timings", help="Print where the time went.")] = False,
) -> None:
    """Run one business date: exit 0 published, 1 blocked, 2 usage, 3 failed and safe to run again."""
    settings, began = with_landing(load_settings(), landing), time.monotonic()
    code = run_one(settings, parse_day(date) if date else None, rebuild=rebuild, allow_older=allow_older)
    if timings:
        show_timings(settings, time.monotonic() - began)
    raise typer.Exit(code)


def backfill(
    first: Annotated[str, typer.Option("--from", help="First business date.")],
    last: Annotated[str, typer.Option("--to", help="Last business date, inclusive.")],
    landing: Landing = None,
    allow_older: AllowOlder = False,
) -> None:
    """Run a range of business dates in order, each published in turn; stop at the first that is not."""
    day, end = parse_day(first), parse_day(last)
    if day > end:
        raise UseropsError(f"--from {day} is after --to {end}.", fix="swap them.")
    settings = with_landing(load_settings(), landing)
    while day <= end:
        code = run_one(settings, day, allow_older=allow_older)
        if code:
            raise typer.Exit(code)
        day += timedelta(days=1)


def run_one(settings: Settings, day: date | None, *, rebuild: bool = False, allow_older: bool = False) -> int:
    """Run one business date through the DAG; returns the documented exit code."""
    if not rebuild:
        require_folder(settings, day)
    settings = settings.with_hash_key()
    url = warehouse_url(settings)
    airflow_runtime.configure(settings)
    airflow_runtime.migrate(settings)
    before = newest_run(url)
    conf = {"date": day and day.isoformat(), "allow_older": allow_older, "rebuild": rebuild}
    error = airflow_runtime.run_dag(settings, conf)
    outcome = newest_run(url)
    if outcome is None or outcome == before:
        raise error if isinstance(error, UseropsError) else UseropsError(
            f"The run did not begin: {first_line(error) if error else 'see the log'}.",
            fix=f"read {airflow_runtime.run_log(settings)}, then run again: that is safe.", exit_code=EXIT_FAILED,
        )  # fmt: skip
    return report(settings, url, outcome)


def newest_run(url: str) -> Outcome | None:
    """The run that began last; None before the first."""
    with connect(url) as connection:
        if connection.execute("select to_regclass('meta.runs')").fetchone()[0] is None:
            return None
        row = connection.execute(
            "select run_id, business_date, state, coalesce(error, '') from meta.runs order by token desc limit 1"
        ).fetchone()
    return Outcome(*row) if row else None


def report(settings: Settings, url: str, run: Outcome) -> int:
    """Say how the run ended; returns its exit code."""
    if run.state == "running":
        from userops.run import fail

        error = f"the run ended without a decision; see {airflow_runtime.run_log(settings)}"
        fail(settings, run.run_id, error)
        run = Outcome(run.run_id, run.business_date, "failed", error)
    now, day = status(url), run.business_date
    readers = f"readers see version {now['version']} of {now['business_date']}"
    if run.state == "published":
        out.print(f"{day} published: {readers}.")
        return EXIT_OK
    if run.state in ("blocked", "held"):
        approve = f" To publish it all the same: `userops approve --date {day} --by NAME`."
        out.print(f"{day} {run.state}: {readers}.{approve if run.state == 'held' else ''}")
        for row in now["blocked_by"]:
            out.print(
                f"  {row['check']} on {row['subject']}: found {row['observed']}, expected {row['expected']}"
                + (f" ({row['detail']})" if row["detail"] else ""), markup=False,
            )  # fmt: skip
        return EXIT_BLOCKED
    why = next(iter(run.error.splitlines()), "see meta.quality_results").rstrip(".")
    err.print(f"{day} failed: {why}; {readers}. It is safe to run again.", markup=False)
    return EXIT_FAILED


def show_timings(settings: Settings, whole: float) -> None:
    """Print the steps of the newest run, what Airflow and start-up took beside them, and the slowest models."""
    url = warehouse_url(settings)
    run = newest_run(url)
    if run is None:
        return
    with connect(url, "publisher") as connection:
        rows = step_timings.of_run(connection, run.run_id)
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


def require_folder(settings: Settings, day: date | None) -> None:
    """Refuse a date without a folder: asked for by hand it is a usage error, not a blocked run."""
    if "://" in settings.landing:
        return
    root = Path(settings.landing)
    if not root.is_dir():
        raise UseropsError(
            f"The landing folder {root} does not exist.",
            fix="set USEROPS_LANDING (or --landing) to an existing folder; --rebuild needs none.",
        )
    if day is not None and not (root / day.isoformat()).is_dir():
        raise UseropsError(
            f"{root} has no folder {day}.",
            fix=f"deliver the exports of that date to {root / day.isoformat()}, give another --date, or build from"
            " what is stored with --rebuild.",
        )
    os.environ["USEROPS_LANDING"] = settings.landing
