"""Runs the pipeline's steps from loading to the marts, on any engine, without gate and publication."""

import uuid
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from random import Random

import psycopg

from oracle.exports import Row
from oracle.warehouse import MAPS
from userops import scoring
from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.engines import open_engine
from userops.ingest import loader, tables
from userops.privacy import erasure
from userops.settings import PROJECT_ROOT, Settings
from userops.tags.store import write_catalog
from userops.transform import dbt, project
from userops.warehouse import lease
from userops.warehouse.connection import connect

MARTS = sorted(path.stem for path in (PROJECT_ROOT / "dbt_project" / "models" / "marts").rglob("*.sql"))
RELATIONS = (*MARTS, *(table for table, _ in MAPS.values()))


def settings_of(
    engines: Iterable[str], landing: Path, place: Path, timezone: str, project_root: Path = PROJECT_ROOT
) -> dict[str, Settings]:
    """Settings that differ by engine and by where dbt keeps its files."""
    shared = {
        "USEROPS_LANDING": str(landing), "USEROPS_LAKE": str(place / "lake"), "USEROPS_TIMEZONE": timezone,
        "USEROPS_HASH_KEY": "k" * 64, "USEROPS_PROJECT": str(project_root),
    }  # fmt: skip
    return {
        engine: Settings.load(shared | {"USEROPS_ENGINE": engine, "USEROPS_HOME": str(place / engine)})
        for engine in engines
    }


def load(url: str, settings: Settings, folders: Iterable[date], seed: int) -> None:
    """Load folders in no order: what holds does not hang on it. No row may be lost."""
    shuffled = list(folders)
    Random(seed).shuffle(shuffled)
    with connect(url, "loader") as connection:
        tables.ensure_raw_tables(connection)
        for folder in shuffled:
            for export in load_contracts():
                results = loader.load_export(connection, settings, export, folder, "oracle")
                lost = [r.observed for r in results if r.blocks or (r.check == "bad_rows" and r.observed != "none")]
                assert not lost, f"{folder} {export}: {lost}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("analyze")


def erase(url: str, settings: Settings, day: date) -> None:
    """Carry out what was asked for by the day."""
    with connect(url, "loader") as connection:
        erasure.apply(connection, day)


def build(
    url: str, settings: Settings, day: date, *, scores: bool = True, relations: Iterable[str] = RELATIONS
) -> tuple[list[CheckResult], dict[str, list[Row]]]:
    """Build as of the day: what failed, and the rows of the relations; without `scores` only what needs none."""
    token = begin(url, settings, day)
    write_catalog(url, settings.project_root)
    engine = open_engine(settings, url, token)
    engine.open_raw(day)
    results = dbt.build(settings, engine, "prepare")
    scoring.resolve_identity(engine)
    results += dbt.build(settings, engine, "build")
    if scores:
        results += scoring.score(engine, project.variables(settings), day)
        results += dbt.build(settings, engine, "scored")
    rows = {name: engine.read(f"build.{name}").read_all().to_pylist() for name in relations}
    engine.close()
    return [result for result in results if not result.passed and result.severity != "info"], rows


def begin(url: str, settings: Settings, day: date) -> int:
    """Acquire the writer's token, and say what the run is of."""
    run_id = f"{day}-{uuid.uuid4().hex[:8]}"
    with connect(url, "publisher") as connection:
        token = lease.acquire(connection, run_id, day.isoformat())
    with connect(url, "transformer") as connection:
        connection.execute("delete from meta.run_parameters")
        connection.execute(
            "insert into meta.run_parameters (business_date, timezone, currency, run_id, token)"
            " values (%s, %s, %s, %s, %s)",
            [day, settings.timezone, settings.currency, run_id, token],
        )
    return token
