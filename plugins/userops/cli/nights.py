"""Run one night from the command line and say how it ended."""

import os
from datetime import date
from pathlib import Path

from rich.console import Console

from userops import airflow_runtime
from userops.errors import EXIT_BLOCKED, EXIT_FAILED, EXIT_OK, UseropsError
from userops.settings import Settings
from userops.warehouse.place import warehouse_url
from userops.warehouse.state import status

out = Console(soft_wrap=True)


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
            mend="set USEROPS_HASH_KEY to 32 random characters or more, and keep it: hashes hang on it.",
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
        from userops.night import fail

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


def require_folder(settings: Settings, day: date) -> None:
    """A date without a folder is a usage error, not a blocked night, when it is asked for by hand."""
    if "://" in settings.landing:
        return
    root = Path(settings.landing)
    if not root.is_dir():
        raise UseropsError(f"The landing folder {root} is not there.", mend="set USEROPS_LANDING or --landing.")
    if not (root / day.isoformat()).is_dir():
        raise UseropsError(
            f"{root} has no folder {day.isoformat()}.",
            mend=f"deliver the exports of that date to {root}/{day.isoformat()}/ or give another --date.",
        )
