"""Simulated businesses with known truth, in a warehouse as one night."""

import json
import os
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from userops.contracts.model import load_contracts
from userops.ingest import loader, tables
from userops.settings import Settings
from userops.simulate import simulate
from userops.transform.dbt import environment
from userops.warehouse.connection import connect


def deliver(home: Path, users: int, nights: int, first: date, seed: int) -> tuple[Settings, date, dict]:
    """A business as one folder: its settings, the date of the folder, which is its last night, and the truth."""
    last = first + timedelta(days=nights - 1)
    truth = simulate(home / "nights", users, nights, first, seed)
    one_folder(nights_of(home / "nights"), home / "landing" / last.isoformat())
    given = {"USEROPS_HOME": str(home), "USEROPS_LANDING": str(home / "landing"), "USEROPS_HASH_KEY": "key"}
    return Settings.load(given), last, truth


def nights_of(simulated: Path) -> list[Path]:
    """The folders of a simulation in their order."""
    return sorted(p for p in simulated.iterdir() if not p.name.startswith("_"))


def one_folder(nights: list[Path], folder: Path) -> None:
    """Nights as one: every row of the deltas, the last snapshots; which is quicker to load than many folders."""
    rows: dict[str, list[str]] = defaultdict(list)
    for night in nights:
        for file in night.glob("*.csv"):
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            is_delta = load_contracts()[file.stem].mode == "delta"
            rows[file.stem] = (rows[file.stem] or lines[:1]) + lines[1:] if is_delta else lines
    folder.mkdir(parents=True)
    for export, lines in rows.items():
        (folder / f"{export}.csv").write_text("".join(lines), encoding="utf-8")


def load(url: str, settings: Settings, day: date) -> None:
    """Load the folder of the day; no row may be lost."""
    with connect(url, "loader") as connection:
        tables.ensure_raw_tables(connection)
        for export in load_contracts():
            results = loader.load_export(connection, settings, export, day, "truth")
            lost = [r.observed for r in results if r.blocks or (r.check == "bad_rows" and r.observed != "none")]
            assert not lost, f"{export}: {lost}"
        connection.commit()


def runner(url: str, settings: Settings) -> Callable[..., None]:
    """Builds the models that a selection names as of a date, whole unless `incremental` says otherwise.

    The project is parsed once for all calls.
    """
    from dbt.cli.main import dbtRunner

    project, target = str(settings.project_root / "dbt_project"), str(settings.home / "dbt")
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", target]
    # What dbt writes down about every step takes as long as some of the steps.
    silent = ["--quiet", "--no-use-colors", "--no-write-json", "--log-level-file", "none"]
    options = [*places, *silent, "--threads", "2"]
    os.environ.update(environment(url))
    parsed = dbtRunner().invoke(["parse", *options, "--vars", _of(date(2025, 1, 1))])
    assert parsed.success, parsed.exception

    def run(selection: str, day: date, incremental: bool = False) -> None:
        asked = ["run", "--select", selection, *options, "--vars", _of(day, incremental)]
        done = dbtRunner(manifest=parsed.result).invoke(asked)
        assert done.success, done.exception or [r.message for r in done.result if r.status != "success"]

    return run


def _of(day: date, incremental: bool = False) -> str:
    return json.dumps({"business_date": day.isoformat(), "incremental": incremental})
